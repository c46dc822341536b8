package io.veloz.wal.archive.s3;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Credentials for S3. Immutable. {@link #toString} contains the access key id only.
 *
 * @param accessKeyId id of the key, which is not secret
 * @param secretAccessKey the secret key
 * @param sessionToken session token of temporary credentials, also secret; null for a permanent key
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
