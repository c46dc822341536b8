package io.veloz.wal.testkit;

/**
 * How a {@link FaultyStorage} behaves when power fails, and after a failed force. Immutable; every method returns a changed
 * copy.
 *
 * @param names what becomes of names that no force of the directory has made durable
 * @param unitBytes what the disk writes at once: 512 for a sector, 4096 for a page
 * @param failedForce what becomes of the bytes that a failed force was to make durable
 * @param powersafe whether bytes that were forced, and not written since, stay what they are when power fails while
 *     others of the same sector or page are written. The log promises nothing on a disk without it
 */
public record DiskRules(Names names, int unitBytes, FailedForce failedForce, boolean powersafe) {

    /** What becomes of names that are not durable yet. */
    public enum Names {
        /** Any of the changes survive, in any combination; only each single rename is atomic. */
        STRICT,
        /** The first so many of the changes survive, as in a journal. */
        ORDERED
    }

    /** What becomes of the bytes that a failed force was to make durable. Some of them may be on disk in any case. */
    public enum FailedForce {
        /** They can still be read, count as clean, and are gone after a power cut: ext4, XFS. */
        LOST,
        /** They read as what they were before: btrfs. */
        REVERTED,
        /** They stay dirty, and the next force tries again. */
        DIRTY
    }

    /** Sectors, strict names, lost after a failed force, powersafe. */
    public static final DiskRules WORST = new DiskRules(Names.STRICT, 512, FailedForce.LOST, true);

    public DiskRules {
        if (unitBytes < 1) {
            throw new IllegalArgumentException("unitBytes " + unitBytes + ": expected 1 or more");
        }
    }

    public DiskRules names(Names value) {
        return new DiskRules(value, unitBytes, failedForce, powersafe);
    }

    public DiskRules unitBytes(int value) {
        return new DiskRules(names, value, failedForce, powersafe);
    }

    public DiskRules failedForce(FailedForce value) {
        return new DiskRules(names, unitBytes, value, powersafe);
    }

    public DiskRules powersafe(boolean value) {
        return new DiskRules(names, unitBytes, failedForce, value);
    }
}
