package io.veloz.wal.testkit;

/**
 * The behaviour of a {@link FaultyStorage} at a power failure and after a failed force. Immutable; every method returns
 * a changed copy.
 *
 * @param names the fate of names that no force of the directory has made durable
 * @param unitBytes the atomic write unit of the disk: 512 for a sector, 4096 for a page
 * @param failedForce the fate of the bytes that a failed force should have made durable
 * @param powersafe whether forced bytes survive a power failure during a write to other bytes of the same sector or
 *     page (powersafe overwrite). The log gives no guarantee on a disk without it
 */
public record DiskRules(Names names, int unitBytes, FailedForce failedForce, boolean powersafe) {

    /** The fate of names that are not durable yet. */
    public enum Names {
        /** Any combination of the changes survives; only each single rename is atomic. */
        STRICT,
        /** A prefix of the changes survives, as in a journal. */
        ORDERED
    }

    /** The fate of the bytes that a failed force should have made durable. Some of them may be on disk in any case. */
    public enum FailedForce {
        /** They remain readable, are marked clean, and are lost after a power cut, as on ext4 and XFS. */
        LOST,
        /** They revert to their old content, as on btrfs. */
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
