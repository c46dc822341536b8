package io.veloz.wal;

/** Appends groups with record types that are reserved, see {@link Wal#reserveTypes}. Thread-safe. */
@FunctionalInterface
public interface GroupAppender {
    /** Does the same as {@link Wal#append(RecordGroup, Durability)}, and accepts all types. */
    long append(RecordGroup group, Durability durability);
}
