package io.veloz.wal.archive.s3;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where in S3 a store is. Immutable.
 *
 * @param prefix what all its keys begin with: empty, or ending with a slash
 */
record S3Place(String bucket, String prefix) {
    private static final int PREFIX_MAX_CHARS = 400;

    static S3Place of(URI uri) {
        String bucket = uri.getAuthority();
        if (!"s3".equalsIgnoreCase(uri.getScheme())
                || bucket == null
                || !bucket.matches("[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
                || uri.getUserInfo() != null
                || uri.getQuery() != null
                || uri.getFragment() != null) {
            // Not shown: there may be a secret in what should not be there.
            throw new IllegalArgumentException(
                    "archive in S3: expected s3://bucket/prefix, without user, port, query and fragment");
        }
        return new S3Place(bucket, prefix(uri.getPath()));
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
                    + " characters, and the most is " + PREFIX_MAX_CHARS);
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
