package io.veloz.wal.ops.doctor;

import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is known about a directory without a measurement. Immutable.
 *
 * @param directory the path without links
 * @param disks empty if unknown
 * @param openLogs the prefixes of the logs in the directory that a process has open
 */
public record Facts(
        Path directory, Mount mount, List<BlockDevice> disks, Space space, Host host, List<String> openLogs) {
    private static final Pattern SEGMENT = Pattern.compile("\\.?(.+)_(?:\\d{16}|current|prepared)\\.wal");

    public Facts {
        disks = List.copyOf(disks);
        openLogs = List.copyOf(openLogs);
    }

    /** Collects the facts. Changes nothing. */
    public static Facts of(Path directory) throws IOException {
        KernelFiles files = new KernelFiles(Path.of("/"));
        Path real = directory.toRealPath();
        Mount mount = mount(real, files);
        return new Facts(
                real,
                mount,
                BlockDevice.of(mount, files),
                Space.of(real),
                Host.of(files),
                openLogs(DiskStorage.open(real)));
    }

    private static Mount mount(Path real, KernelFiles files) throws IOException {
        Optional<Mount> listed = files.bytes(files.path("/proc/self/mountinfo"))
                .flatMap(content -> MountInfo.parse(content).of(real.toString()));
        if (listed.isPresent()) {
            return listed.get();
        }
        FileStore store = Files.getFileStore(real);
        return Mount.of(store.type(), store.name());
    }

    private static List<String> openLogs(Storage storage) throws IOException {
        TreeSet<String> open = new TreeSet<>();
        for (String name : storage.list()) {
            Matcher segment = SEGMENT.matcher(name);
            if (segment.matches() && !open.contains(segment.group(1)) && storage.isLocked(segment.group(1) + ".lock")) {
                open.add(segment.group(1));
            }
        }
        return List.copyOf(open);
    }
}
