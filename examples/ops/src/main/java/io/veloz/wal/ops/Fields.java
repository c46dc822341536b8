package io.veloz.wal.ops;

import org.jspecify.annotations.Nullable;

/** Receives the fields of an event, in order. */
interface Fields {
    void text(String name, String value);

    /** Null if not known. */
    void number(String name, @Nullable Double value);

    void whole(String name, long value);

    /** Null if not known. */
    void constant(String name, @Nullable Enum<?> value);

    void flag(String name, boolean value);
}
