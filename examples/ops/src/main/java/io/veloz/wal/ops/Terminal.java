package io.veloz.wal.ops;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether a stream is a terminal, and how wide it is. Stateless. */
final class Terminal {
    private static final int USUAL_COLUMNS = 80;
    private static final int NARROWEST = 20;
    private static final Pattern SIZE = Pattern.compile("\\d+ (\\d{1,4})");
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private Terminal() {}

    /** The width of the terminal that this process belongs to; 80 if it cannot be found out. */
    static int columns() {
        try {
            // `stty` asks the terminal that is its standard input.
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String size = new String(stty.getInputStream().readNBytes(64), StandardCharsets.US_ASCII);
            Matcher matcher = SIZE.matcher(size.trim());
            return matcher.matches() ? Math.max(NARROWEST, Integer.parseInt(matcher.group(1))) : USUAL_COLUMNS;
        } catch (IOException e) {
            // Not a Unix system, or no controlling terminal.
            return USUAL_COLUMNS;
        }
    }

    static boolean isStandardError() {
        return !"dumb".equals(System.getenv("TERM")) && isTerminal(2);
    }

    /**
     * Linux says it of each stream by itself. Elsewhere Java can only be asked for all of them at once: up to 21 there is
     * a console only on a terminal, from 22 on there always is one, and it knows.
     */
    @SuppressWarnings("SystemConsoleNull") // asked for JDK 17 to 21; the later ones are asked below
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
