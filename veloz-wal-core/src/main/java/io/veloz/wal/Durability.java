package io.veloz.wal;

/**
 * When an appended record is forced to disk, named by what a crash of the machine can lose. A crash of the process alone
 * loses only what it had not yet handed to the operating system: records still in the append buffer.
 *
 * <p>Whatever is lost is the end of the log: never a record before one that is kept.
 */
public enum Durability {
    /** The record's batch is forced as soon as it is written. What was acknowledged survives. The default. */
    LOSE_NOTHING,

    /** Forced at the latest when {@link WalConfig#forceInterval()} has passed. A power cut can lose that long. */
    LOSE_LAST_INTERVAL,

    /**
     * Not forced for its own sake, but with whatever is: a stricter record, a roll, {@link Wal#sync()}, the close. A
     * power cut can lose everything since then.
     */
    LOSE_UNFORCED
}
