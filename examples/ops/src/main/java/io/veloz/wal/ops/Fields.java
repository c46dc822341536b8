package io.veloz.wal.ops;

import org.jspecify.annotations.Nullable;

/** Takes the fields of an event one by one, in the order of their meaning. */
interface Fields {
    void text(String name, String value);

    /** Null if not known. */
    void number(String name, @Nullable Double value);

    void whole(String name, long value);

    /** Null if not known. */
    void constant(String name, @Nullable Enum<?> value);

    void flag(String name, boolean value);
}
