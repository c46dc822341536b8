package io.veloz.wal.ops;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a person looks at a stream. Stateless. */
final class Terminal {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private Terminal() {}

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
