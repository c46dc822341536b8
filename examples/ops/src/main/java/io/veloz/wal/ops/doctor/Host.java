package io.veloz.wal.ops.doctor;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The operating system, the JVM and the memory. Immutable.
 *
 * @param memoryBytes the memory of the machine; -1 if unknown
 * @param availableBytes the memory that is free or can be freed; -1 if unknown
 */
public record Host(
        String kernel, String jvm, long maxHeapBytes, long memoryBytes, long availableBytes, Processors processors) {

    static Host of(KernelFiles files) {
        Runtime runtime = Runtime.getRuntime();
        String memory = files.text(files.path("/proc/meminfo")).orElse("");
        return new Host(
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
                runtime.maxMemory(),
                bytes(memory, "MemTotal"),
                bytes(memory, "MemAvailable"),
                Processors.of(runtime.availableProcessors(), files));
    }

    private static long bytes(String memory, String name) {
        Matcher line = Pattern.compile("(?m)^" + name + ":\\s+(\\d{1,15}) kB$").matcher(memory);
        return line.find() ? Long.parseLong(line.group(1)) * 1024 : -1;
    }
}
