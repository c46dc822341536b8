package io.veloz.wal;

/**
 * When an appended record is forced (fsync), named after the records that a crash of the machine can lose. A crash of the
 * process alone loses only the records that are still in the append buffer, because they have not been written yet.
 *
 * <p>Only the end of the log can be lost, never a record before one that is kept.
 */
public enum Durability {
    /** Forces the record's batch as soon as it is written. Every acknowledged record survives. The default. */
    LOSE_NOTHING,

    /**
     * Forces the record within {@link WalConfig#forceInterval()}. A power failure can lose the records of one interval.
     */
    LOSE_LAST_INTERVAL,

    /**
     * Forces the record only together with something else: a record of stricter durability, a roll, {@link Wal#sync()},
     * {@link Wal#close()}. A power failure can lose every record since the last of these.
     */
    LOSE_UNFORCED
}
