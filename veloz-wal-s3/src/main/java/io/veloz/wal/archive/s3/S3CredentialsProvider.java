package io.veloz.wal.archive.s3;

/** Gives the credentials of the moment. It is asked before each request, by the thread that sends it: it must be quick. */
@FunctionalInterface
public interface S3CredentialsProvider {
    S3Credentials credentials();
}
