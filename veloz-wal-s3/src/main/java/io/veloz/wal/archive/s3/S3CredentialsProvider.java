package io.veloz.wal.archive.s3;

/**
 * Provides the current credentials. Called before each request on the thread that sends it, so it must be fast and
 * thread-safe.
 */
@FunctionalInterface
public interface S3CredentialsProvider {
    S3Credentials credentials();
}
