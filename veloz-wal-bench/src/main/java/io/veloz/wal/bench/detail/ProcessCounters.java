package io.veloz.wal.bench.detail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The counters of the kernel for this process. */
final class ProcessCounters {
    private static final Path IO = Path.of("/proc/self/io");
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessCounters() {}

    /** Returns the counters of input and output, for example {@code write_bytes}; empty if the kernel does not show them. */
    static Map<String, Long> io() throws IOException {
        Map<String, Long> counters = new LinkedHashMap<>();
        if (Files.isReadable(IO)) {
            for (String line : Files.readAllLines(IO)) {
                int colon = line.indexOf(':');
                counters.put(
                        line.substring(0, colon),
                        Long.valueOf(line.substring(colon + 1).trim()));
            }
        }
        return counters;
    }

    /** Returns the resident memory in bytes; 0 if the kernel does not show it. */
    static long residentBytes() throws IOException {
        if (Files.isReadable(STATUS)) {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) {
                    return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
        }
        return 0;
    }
}
