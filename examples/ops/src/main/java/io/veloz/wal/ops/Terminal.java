package io.veloz.wal.ops;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Detects whether standard error is a terminal, and its width. Stateless. */
final class Terminal {
    private static final int DEFAULT_COLUMNS = 80;
    private static final int MIN_COLUMNS = 20;
    private static final Pattern SIZE = Pattern.compile("\\d+ (\\d{1,4})");
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private Terminal() {}

    /** Returns the width of the controlling terminal; 80 if it is unknown. */
    static int columns() {
        try {
            // `stty` reads the size of the terminal that is its standard input.
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String size = new String(stty.getInputStream().readNBytes(64), StandardCharsets.US_ASCII);
            Matcher matcher = SIZE.matcher(size.trim());
            return matcher.matches() ? Math.max(MIN_COLUMNS, Integer.parseInt(matcher.group(1))) : DEFAULT_COLUMNS;
        } catch (IOException e) {
            // Not a Unix system, or no controlling terminal.
            return DEFAULT_COLUMNS;
        }
    }

    static boolean isStandardError() {
        return !"dumb".equals(System.getenv("TERM")) && isTerminal(2);
    }

    /**
     * On Linux, /proc shows each stream. On other systems, Java reports only all streams together: up to JDK 21 there is a
     * console only on a terminal, and since JDK 22 there always is one, with a method for this.
     */
    @SuppressWarnings("SystemConsoleNull") // for JDK 17 to 21; later versions are handled below
    private static boolean isTerminal(int descriptor) {
        if (Files.isDirectory(DESCRIPTORS)) {
            try {
                String target = Files.readSymbolicLink(DESCRIPTORS.resolve(String.valueOf(descriptor)))
                        .toString();
                return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
            } catch (IOException | UnsupportedOperationException e) {
                return false;
            }
        }
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
