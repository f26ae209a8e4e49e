/*
 * What `make bench` holds acmeproxy against: a FastCGI program that answers
 * every request with a constant, as libfcgi's own documentation has it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <fcgiapp.h>

#define N_THREADS 8

static void *
work(void *arg)
{
	FCGX_Request request;

	(void)FCGX_InitRequest(&request, *(int *)arg, 0);
	while (FCGX_Accept_r(&request) == 0) {
		(void)FCGX_FPrintF(request.out,
		    "Status: 200\r\nContent-Type: application/json\r\n\r\n"
		    "{\"result\": {\"authorisation\": \"secure.example.com\", "
		    "\"suffix_match\": false, \"published\": true}}");
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[N_THREADS];
	int fd;

	if (argc != 2 || FCGX_Init() != 0)
		return 2;
	fd = FCGX_OpenSocket(argv[1], 1024);
	if (fd < 0)
		return 1;
	for (int i = 0; i < N_THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &fd) != 0)
			return 1;
	for (int i = 0; i < N_THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
