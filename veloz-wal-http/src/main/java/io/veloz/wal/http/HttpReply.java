package io.veloz.wal.http;

import java.util.Objects;

/**
 * The response to a command. Immutable.
 *
 * @param status HTTP status, 200 to 599
 * @param json the body; the caller has escaped its values
 */
public record HttpReply(int status, String json) {
    /** Throws {@link IllegalArgumentException} if the status is not that of a final response. */
    public HttpReply {
        Objects.requireNonNull(json, "json");
        if (status < 200 || status > 599) {
            throw new IllegalArgumentException("status " + status + ": expected 200 to 599");
        }
    }
}
