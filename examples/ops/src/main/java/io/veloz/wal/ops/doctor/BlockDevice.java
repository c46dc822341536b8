package io.veloz.wal.ops.doctor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A disk, as the Linux kernel describes it in /sys/block. Immutable.
 *
 * @param writeCache {@code write back}: the kernel flushes the disk at a force. {@code write through}: it does not,
 *     because the disk has stated that it has no volatile cache. "" if unknown
 * @param scheduler the I/O scheduler in use; "" if unknown
 */
public record BlockDevice(String name, String model, String writeCache, boolean rotational, String scheduler) {
    private static final int MAX_DEPTH = 8;
    private static final Pattern CHOSEN = Pattern.compile("\\[([^]]+)]");
    private static final Pattern VIRTUAL_NAME = Pattern.compile("(x?vd|nbd|rbd)[a-z0-9]*");
    private static final Pattern VIRTUAL_MODEL =
            Pattern.compile(".*(qemu|vmware|virtual|msft|google|amazon|persistentdisk|vbox).*");

    /** Returns whether this disk is in memory. */
    boolean isMemory() {
        return name.matches("(zram|ram|brd)\\d+");
    }

    /** Returns whether a hypervisor or a server provides this disk, so that the kernel does not know the real one. */
    boolean isVirtual() {
        return VIRTUAL_NAME.matcher(name).matches()
                || VIRTUAL_MODEL.matcher(model.toLowerCase(Locale.ROOT)).matches();
    }

    /**
     * Returns the disks of a mount, through partitions, device-mapper (LVM, dm-crypt) and RAID; empty if it has none or if
     * they are unknown.
     */
    static List<BlockDevice> of(Mount mount, KernelFiles files) {
        List<BlockDevice> found = new ArrayList<>();
        directory(mount, files).ifPresent(directory -> collect(directory, files, found, 0));
        return found;
    }

    private static Optional<Path> directory(Mount mount, KernelFiles files) {
        Optional<Path> byNumber = mount.device().matches("\\d+:\\d+")
                ? files.real(files.path("/sys/dev/block/" + mount.device()))
                : Optional.empty();
        if (byNumber.isPresent() || !mount.source().startsWith("/dev/")) {
            return byNumber;
        }
        // btrfs has a separate device number, and names one of its devices.
        return files.real(files.path(mount.source()))
                .flatMap(device -> files.real(files.path("/sys/class/block/" + device.getFileName())));
    }

    private static void collect(Path device, KernelFiles files, List<BlockDevice> found, int depth) {
        Path parent = device.getParent();
        Path disk = Files.exists(device.resolve("partition")) && parent != null ? parent : device;
        List<Path> slaves = files.entries(disk.resolve("slaves"));
        if (!slaves.isEmpty() && depth < MAX_DEPTH) {
            for (Path slave : slaves) {
                files.real(slave).ifPresent(lower -> collect(lower, files, found, depth + 1));
            }
            return;
        }
        BlockDevice read = read(disk, files);
        if (!found.contains(read)) {
            found.add(read);
        }
    }

    private static BlockDevice read(Path disk, KernelFiles files) {
        Matcher scheduler =
                CHOSEN.matcher(files.text(disk.resolve("queue/scheduler")).orElse(""));
        String vendor = files.text(disk.resolve("device/vendor")).orElse("");
        String model = files.text(disk.resolve("device/model")).orElse("");
        return new BlockDevice(
                String.valueOf(disk.getFileName()),
                (vendor.startsWith("0x") ? model : vendor + " " + model).strip(),
                files.text(disk.resolve("queue/write_cache")).orElse(""),
                files.text(disk.resolve("queue/rotational")).orElse("").equals("1"),
                scheduler.find() ? scheduler.group(1) : "");
    }
}
