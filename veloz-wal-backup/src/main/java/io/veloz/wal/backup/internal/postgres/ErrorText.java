package io.veloz.wal.backup.internal.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The error output of a program of PostgreSQL, bounded and filtered. It keeps lines that are messages, and drops those that
 * repeat statements or rows ({@code CONTEXT}, {@code STATEMENT}, "Command was"), which may contain data. Thread-safe.
 */
final class ErrorText {
    private static final int LINES = 12;
    private static final int LINE_CHARS = 400;

    private static final Pattern MESSAGE = Pattern.compile(
            "^(?:[a-z_]+: (?:error|fatal|warning|hint): |(?:psql:\\S+ )?(?:ERROR|FATAL|PANIC|HINT):  ).*");
    private static final Pattern STATE = Pattern.compile("^(?:psql:\\S+ )?(?:ERROR|FATAL|PANIC):  ([0-9A-Z]{5}): .*");
    /** PostgreSQL quotes a rejected value at the end, after a colon; names stand elsewhere. */
    private static final Pattern VALUE = Pattern.compile(": \".*\"$");

    private static final Pattern PASSWORD = Pattern.compile("(?i)(password\\s*=\\s*|://[^/:@\\s]*:)('[^']*'|[^\\s@]+)");

    private final List<String> kept = new ArrayList<>();
    private String state = "";

    synchronized void add(String line) {
        Matcher matcher = STATE.matcher(line);
        if (matcher.matches() && state.isEmpty()) {
            state = matcher.group(1);
        }
        if (kept.size() < LINES && MESSAGE.matcher(line).matches()) {
            String clean = line.replaceAll("\\p{Cntrl}", " ");
            clean = VALUE.matcher(clean).replaceAll(": \"...\"");
            clean = PASSWORD.matcher(clean).replaceAll("$1...");
            kept.add(clean.length() > LINE_CHARS ? clean.substring(0, LINE_CHARS) + "..." : clean);
        }
    }

    /** Returns the SQLSTATE of the first error; empty if there was none. */
    synchronized String state() {
        return state;
    }

    synchronized String text() {
        return kept.isEmpty() ? "no message" : String.join("; ", kept);
    }
}
