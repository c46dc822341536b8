package io.veloz.wal.archive.s3;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * The bucket and key prefix of a store. Immutable.
 *
 * @param prefix prefix of all keys: empty, or ending with a slash
 */
record S3Location(String bucket, String prefix) {
    private static final int PREFIX_MAX_CHARS = 400;

    static S3Location of(URI uri) {
        String bucket = uri.getAuthority();
        if (!"s3".equalsIgnoreCase(uri.getScheme())
                || bucket == null
                || !bucket.matches("[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
                || uri.getUserInfo() != null
                || uri.getQuery() != null
                || uri.getFragment() != null) {
            // The URI is not printed: its invalid part may be a secret.
            throw new IllegalArgumentException(
                    "archive in S3: expected s3://bucket/prefix without user, port, query or fragment");
        }
        return new S3Location(bucket, prefix(uri.getPath()));
    }

    private static String prefix(@Nullable String path) {
        String prefix = path == null ? "" : path;
        prefix = prefix.startsWith("/") ? prefix.substring(1) : prefix;
        prefix = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
        if (prefix.isEmpty()) {
            return "";
        }
        if (prefix.length() > PREFIX_MAX_CHARS) {
            throw new IllegalArgumentException("archive in S3: the prefix has " + prefix.length()
                    + " characters; the limit is " + PREFIX_MAX_CHARS);
        }
        for (String part : prefix.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                throw new IllegalArgumentException(
                        "archive in S3: the prefix \"" + prefix + "\" has a part \"" + part + "\"");
            }
        }
        return prefix + "/";
    }

    String describe() {
        return "s3://" + bucket + "/" + prefix;
    }
}
