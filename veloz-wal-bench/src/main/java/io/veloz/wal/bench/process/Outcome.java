package io.veloz.wal.bench.process;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The end of a child process, and the last part of its output.
 *
 * @param timedOut whether the process was killed because it did not end in time
 */
public record Outcome(int exitCode, boolean timedOut, Duration timeout, String stdout, String stderr) {
    private static final int REASON_CHARS = 400;
    private static final String UNCAUGHT = "Exception in thread \"main\" ";
    private static final String CAUSE = "Caused by: ";

    /** Returns why the process has failed; empty if it ended with exit code 0. */
    public Optional<String> failure() {
        if (timedOut) {
            return Optional.of("did not end within " + timeout.toSeconds() + " s");
        }
        if (exitCode == 0) {
            return Optional.empty();
        }
        String detail = detail();
        return Optional.of(shorten("exit code " + exitCode + (detail.isEmpty() ? "" : ": " + detail)));
    }

    /** Returns the uncaught exception and its last cause, or else the last line of stderr. */
    private String detail() {
        List<String> lines = stderr.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        String uncaught = "";
        String cause = "";
        for (String line : lines) {
            if (line.startsWith(UNCAUGHT)) {
                uncaught = line.substring(UNCAUGHT.length());
            } else if (line.startsWith(CAUSE)) {
                cause = "; " + line.substring(CAUSE.length());
            }
        }
        if (uncaught.isEmpty()) {
            return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
        }
        return uncaught + cause;
    }

    /** Returns a text in one line of bounded length. */
    public static String shorten(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() <= REASON_CHARS ? line : line.substring(0, REASON_CHARS) + " …";
    }
}
