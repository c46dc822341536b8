package io.veloz.wal.ops.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Findings from the file system and its disks. Stateless. */
final class FileSystemRules {
    private static final Set<String> MEMORY = Set.of("tmpfs", "ramfs", "devtmpfs", "hugetlbfs");
    private static final Set<String> UNION = Set.of("overlay", "aufs", "unionfs");
    private static final Set<String> NETWORK = Set.of(
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "smbfs",
            "ceph",
            "9p",
            "virtiofs",
            "lustre",
            "gpfs",
            "beegfs",
            "afs",
            "ocfs2",
            "gfs2",
            "fuse.glusterfs",
            "fuse.sshfs",
            "fuse.s3fs",
            "fuse.rclone",
            "fuse.ceph-fuse");
    private static final Set<String> WITHOUT_JOURNAL = Set.of("ext2", "vfat", "msdos", "exfat", "ufs", "minix");
    private static final Set<String> COPY_ON_WRITE = Set.of("btrfs", "zfs", "bcachefs", "apfs");

    private FileSystemRules() {}

    static List<Finding> apply(Facts facts) {
        List<Finding> findings = new ArrayList<>();
        kind(facts.mount(), findings);
        options(facts.mount(), findings);
        facts.disks().forEach(disk -> disk(disk, findings));
        return findings;
    }

    private static void kind(Mount mount, List<Finding> findings) {
        String type = mount.type();
        String where = type + (mount.point().isEmpty() ? "" : " at " + mount.point());
        local(type, where, findings);
        provided(mount, where, findings);
    }

    /** Findings on file systems of this kernel. */
    private static void local(String type, String where, List<Finding> findings) {
        if (MEMORY.contains(type)) {
            findings.add(new Finding(
                    Severity.PROBLEM,
                    "file_system_in_memory",
                    "the file system is " + where + ": its files are in memory, and end with the machine or its mount",
                    "use a directory on ext4 or XFS"));
        } else if (UNION.contains(type)) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "file_system_of_container",
                    "the file system is " + where
                            + ", the writable layer of a container: it is deleted with the container",
                    "mount a volume at this directory"));
        } else if (WITHOUT_JOURNAL.contains(type)) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "file_system_without_journal",
                    "the file system is " + where + ", which has no journal: a crash can damage the directory",
                    "use ext4 or XFS"));
        } else if (COPY_ON_WRITE.contains(type)) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "file_system_copies_on_write",
                    "the file system is " + where
                            + ", which writes every block to a new place: preparing a segment with"
                            + " zeros saves nothing",
                    type.equals("btrfs")
                            ? "set `chattr +C` on the empty directory before the first start, or use ext4 or XFS"
                            : "use ext4 or XFS for the fastest commits"));
        }
    }

    /** Findings on file systems that a server or a program provides. */
    private static void provided(Mount mount, String where, List<Finding> findings) {
        String type = mount.type();
        if (NETWORK.contains(type)) {
            findings.add(
                    new Finding(
                            Severity.WARNING,
                            "file_system_on_network",
                            "the file system is " + where + ", provided by " + mount.source()
                                    + ": a force ends where the server confirms it (an NFS export with `async` does so before its disk"
                                    + " has the data), and the lock of the log works only if the server implements it",
                            "use a local disk, or establish what the server guarantees (NFS: export with `sync`, mount with `hard`)"));
        } else if (type.equals("fuseblk") || type.equals("fuse") || type.startsWith("fuse.")) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "file_system_in_user_space",
                    "the file system is " + where + ": its program decides what a force does",
                    "use ext4 or XFS, or establish that this program implements fsync"));
        }
    }

    private static void options(Mount mount, List<Finding> findings) {
        barriers(mount, findings);
        mount.value("data").ifPresent(mode -> dataMode(mode, findings));
        speed(mount, findings);
    }

    private static void barriers(Mount mount, List<Finding> findings) {
        boolean withoutBarrier = mount.has("nobarrier")
                || mount.has("barrier=0")
                || mount.has("barrier=none")
                || mount.has("fsync_mode=nobarrier");
        if (withoutBarrier) {
            findings.add(new Finding(
                    Severity.PROBLEM,
                    "barriers_off",
                    "the mount options " + String.join(",", mount.options())
                            + " disable barriers: a force does not flush the write cache of the disk",
                    "mount without this option, unless the write cache keeps its content without power"));
        }
        if (mount.type().equals("overlay") && (mount.has("volatile") || mount.has("fsync=volatile"))) {
            findings.add(new Finding(
                    Severity.PROBLEM,
                    "overlay_is_volatile",
                    "the overlay is mounted with `volatile`: a force does nothing",
                    "mount a volume at this directory"));
        }
    }

    private static void speed(Mount mount, List<Finding> findings) {
        if (mount.has("sync") || mount.has("dirsync")) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "mounted_sync",
                    "the file system is mounted with `sync` or `dirsync`: every write is forced, also those of relaxed"
                            + " durability",
                    "mount without it: the log forces what has to be durable"));
        }
        if (mount.has("discard") && mount.source().startsWith("/dev/")) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "mounted_discard",
                    "the file system is mounted with `discard`: the deletion of trimmed segments can delay commits",
                    "prefer a periodic `fstrim`"));
        }
    }

    private static void dataMode(String mode, List<Finding> findings) {
        if (mode.equals("writeback")) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "data_writeback",
                    "the file system is mounted with `data=writeback`: after a power failure, a file can have its new size"
                            + " and the old content of its blocks. Checksums detect that in the log, and no forced record"
                            + " should be affected",
                    "mount with `data=ordered`, the default"));
        } else if (mode.equals("journal")) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "data_journal",
                    "the file system is mounted with `data=journal`: all data is written twice",
                    "mount with `data=ordered`, the default"));
        }
    }

    private static void disk(BlockDevice disk, List<Finding> findings) {
        if (disk.isMemory()) {
            findings.add(new Finding(
                    Severity.PROBLEM,
                    "disk_in_memory",
                    "the disk " + disk.name() + " is in memory",
                    "use a directory on a disk"));
        } else if (disk.writeCache().equals("write through")) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "disk_write_through",
                    "the disk " + disk.name()
                            + " states that it has no volatile write cache, so a force sends no flush."
                            + (disk.isVirtual() ? " It is virtual: the hypervisor has to keep what it confirms" : ""),
                    disk.isVirtual()
                            ? "establish that the hypervisor does not cache writes (QEMU: not cache=unsafe)"
                            : "establish that the disk has power-loss protection, or that its cache is disabled"));
        }
        if (disk.scheduler().equals("bfq") || disk.scheduler().equals("cfq")) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "disk_scheduler",
                    "the I/O scheduler of " + disk.name() + " is " + disk.scheduler()
                            + ", which delays the writes of a force in favour of other processes",
                    "use `none` or `mq-deadline`"));
        }
    }
}
