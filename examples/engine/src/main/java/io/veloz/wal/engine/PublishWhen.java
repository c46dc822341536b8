package io.veloz.wal.engine;

import java.util.Locale;

/** When an order may leave the engine: be sent to the venue, and be acknowledged to its client. */
public enum PublishWhen {
    /** When it is durable on the local disk. */
    DURABLE,

    /**
     * When it is archived, too. An order then takes a put longer, and none leaves the engine while the store is unreachable.
     * In return, the loss of the host loses no order that the venue or a client has seen, and an engine that was fenced sends
     * no order that its successor does not have.
     */
    ARCHIVED;

    /** Throws {@link IllegalArgumentException} if the text is not the name of a value in lower case. */
    static PublishWhen parse(String text) {
        for (PublishWhen value : values()) {
            if (value.toString().equals(text)) {
                return value;
            }
        }
        throw new IllegalArgumentException("--publish-when " + text + ": expected durable or archived");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
