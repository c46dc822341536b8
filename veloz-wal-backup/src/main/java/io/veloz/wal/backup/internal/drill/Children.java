package io.veloz.wal.backup.internal.drill;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Starts and ends the processes of a drill. They inherit no variable but {@code PATH}, so that none of production reaches
 * them. Stateless.
 */
final class Children {
    private static final Duration STEP = Duration.ofSeconds(5);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final int ROUNDS = 20;

    private Children() {}

    /** Returns the whole environment of a process. */
    static Map<String, String> environment(Path home) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("PATH", System.getenv().getOrDefault("PATH", "/usr/bin:/bin"));
        environment.put("HOME", home.toString());
        environment.put("LANG", "C.UTF-8");
        return environment;
    }

    /** Starts a process whose output goes to a file: its descendants may keep a pipe open. */
    static Process start(List<String> command, Path directory, Map<String, String> environment, Path output)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    /**
     * Ends a process and everything that it started: by SIGTERM, and after a grace by SIGKILL. An interrupt does not shorten
     * it.
     *
     * @param home of the process; on Linux it also identifies a descendant whose parent has ended
     * @throws IOException if a process still runs
     */
    static void end(Process process, Path home, Duration grace) throws IOException {
        // Before its end: afterwards its children have another parent.
        List<ProcessHandle> family = family(process, home);
        process.destroy();
        family.forEach(ProcessHandle::destroy);
        await(process, grace);
        for (int round = 0; round < ROUNDS; round++) {
            family.addAll(family(process, home));
            family.removeIf(each -> !runs(each));
            if (family.isEmpty() && !process.isAlive()) {
                return;
            }
            process.destroyForcibly();
            family.forEach(ProcessHandle::destroyForcibly);
            await(process, STEP);
            family.forEach(each -> await(each, STEP));
        }
        throw new IOException("process " + process.pid() + " of the drill, or one that it started, does not end");
    }

    private static List<ProcessHandle> family(Process process, Path home) {
        List<ProcessHandle> family = new ArrayList<>(process.descendants().toList());
        byte[] mark = ("\0HOME=" + home + "\0").getBytes(StandardCharsets.UTF_8);
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            all.filter(each -> each.pid() != process.pid() && hasMark(each.pid(), mark))
                    .forEach(family::add);
        }
        return family;
    }

    /** A process that has ended may wait for a parent that never asks for its exit code. */
    static boolean runs(ProcessHandle process) {
        if (!process.isAlive()) {
            return false;
        }
        try {
            Path stat = Path.of("/proc", String.valueOf(process.pid()), "stat");
            String text = new String(Files.readAllBytes(stat), StandardCharsets.ISO_8859_1);
            return !text.substring(text.lastIndexOf(')') + 1).startsWith(" Z");
        } catch (IOException e) {
            return process.isAlive();
        }
    }

    private static boolean hasMark(long pid, byte[] mark) {
        try {
            byte[] environment = Files.readAllBytes(Path.of("/proc", String.valueOf(pid), "environ"));
            String text = "\0" + new String(environment, StandardCharsets.ISO_8859_1) + "\0";
            return text.contains(new String(mark, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            // It has ended, or belongs to another user, or the system has no such file.
            return false;
        }
    }

    /** Waits for the end of a process. Returns whether it has ended. An interrupt is kept for later. */
    static boolean await(Process process, Duration limit) {
        boolean interrupted = false;
        long end = System.nanoTime() + limit.toNanos();
        try {
            while (true) {
                try {
                    return process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits for the end of a process that another one started. */
    static void await(ProcessHandle process, Duration limit) {
        boolean interrupted = false;
        long end = System.nanoTime() + limit.toNanos();
        // Not by onExit: it waits for a process that has ended until its parent asks for the exit code.
        while (runs(process) && System.nanoTime() - end < 0) {
            interrupted |= Thread.interrupted();
            LockSupport.parkNanos(POLL.toNanos());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
