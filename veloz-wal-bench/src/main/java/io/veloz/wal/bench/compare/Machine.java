package io.veloz.wal.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Facts about this machine that a number depends on. What a system does not state is left out. */
final class Machine {
    static final String LOAD_BEFORE = "load average before";
    static final String LOAD_AFTER = "load average after";
    private static final Pattern SPACES = Pattern.compile("\\s+");

    private Machine() {}

    static List<Row> facts(Path directory) throws IOException {
        return Stream.of(
                        fact("CPU", after("/proc/cpuinfo", "model name")),
                        fact("processors", Optional.of(Integer.toString(processors()))),
                        fact("memory", after("/proc/meminfo", "MemTotal").map(Machine::gigabytes)),
                        fact("kernel", Optional.of(property("os.name") + " " + property("os.version"))),
                        fact(
                                "file system",
                                Optional.of(Files.getFileStore(directory).type())),
                        fact("mount options", mountOptions(directory)),
                        fact("JDK", Optional.of(property("java.vm.name") + " " + property("java.runtime.version"))))
                .flatMap(Optional::stream)
                .toList();
    }

    static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }

    private static String property(String name) {
        return System.getProperty(name, "unknown");
    }

    private static Optional<Row> fact(String name, Optional<String> value) {
        return value.map(text -> Row.machine(0, name, text));
    }

    /** Returns the value of the first line {@code name : value}. */
    private static Optional<String> after(String file, String name) throws IOException {
        return lines(file).stream()
                .filter(line -> line.startsWith(name) && line.contains(":"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst();
    }

    private static List<String> lines(String file) throws IOException {
        Path path = Path.of(file);
        return Files.isReadable(path) ? Files.readAllLines(path) : List.of();
    }

    private static String gigabytes(String kilobytes) {
        double value = Double.parseDouble(kilobytes.replaceAll("[^0-9]", ""));
        return String.format(Locale.ROOT, "%.0f GB", value * 1024 / 1e9);
    }

    /** Returns the options of the mount with the longest path that contains the directory. */
    private static Optional<String> mountOptions(Path directory) throws IOException {
        Path real = directory.toRealPath();
        return lines("/proc/self/mounts").stream()
                .map(line -> SPACES.splitAsStream(line).toList())
                .filter(fields -> fields.size() > 3 && real.startsWith(fields.get(1)))
                .max(Comparator.comparingInt(fields -> fields.get(1).length()))
                .map(fields -> fields.get(3));
    }

    /** Returns the load averages of 1, 5 and 15 minutes; empty where the system does not state them. */
    static Optional<String> loadAverage() throws IOException {
        return lines("/proc/loadavg").stream()
                .map(line ->
                        String.join(" ", SPACES.splitAsStream(line).limit(3).toList()))
                .findFirst();
    }
}
