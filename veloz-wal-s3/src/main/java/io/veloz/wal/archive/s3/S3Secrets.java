package io.veloz.wal.archive.s3;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/** Remembers which secrets were used last, so that no text shows them. Any thread may use it. */
final class S3Secrets implements AwsCredentialsProvider {
    private static final int KEPT = 16;

    private final AwsCredentialsProvider credentials;
    private final Set<String> secrets = ConcurrentHashMap.newKeySet();

    S3Secrets(AwsCredentialsProvider credentials) {
        this.credentials = credentials;
    }

    @Override
    public AwsCredentials resolveCredentials() {
        AwsCredentials found = credentials.resolveCredentials();
        if (secrets.size() > KEPT) {
            // They have been renewed often since; nobody repeats the old ones.
            secrets.clear();
        }
        secrets.add(found.secretAccessKey());
        if (found instanceof AwsSessionCredentials session) {
            secrets.add(session.sessionToken());
        }
        return found;
    }

    String hide(String text) {
        String hidden = text;
        for (String secret : secrets) {
            hidden = hidden.replace(secret, "[hidden]");
        }
        return hidden;
    }

    @Override
    public String toString() {
        return "credentials (hidden)";
    }
}
