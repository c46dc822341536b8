package io.veloz.wal.archive.s3;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A key to S3. Immutable. It never shows its secret parts.
 *
 * @param accessKeyId names the key; no secret
 * @param secretAccessKey the secret
 * @param sessionToken of temporary credentials; another secret
 */
public record S3Credentials(
        String accessKeyId,
        String secretAccessKey,
        @Nullable String sessionToken) {
    public S3Credentials {
        Objects.requireNonNull(accessKeyId, "accessKeyId");
        Objects.requireNonNull(secretAccessKey, "secretAccessKey");
    }

    @Override
    public String toString() {
        return "S3Credentials[" + accessKeyId + "]";
    }
}
