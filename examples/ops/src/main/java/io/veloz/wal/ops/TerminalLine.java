package io.veloz.wal.ops;

import java.io.PrintStream;

/** A line on a terminal that is overwritten in place. Not thread-safe. */
final class TerminalLine {
    private final PrintStream terminal;
    private final int columns;
    private int printedLength;

    /** @param columns the width of the terminal: a longer line would wrap, and each update would scroll the screen */
    TerminalLine(PrintStream terminal, int columns) {
        this.terminal = terminal;
        this.columns = columns;
    }

    void show(String line) {
        // One column stays empty, because a character in the last column makes some terminals wrap.
        String cut = line.length() < columns ? line : line.substring(0, Math.max(0, columns - 1));
        terminal.print("\r" + cut + " ".repeat(Math.max(0, printedLength - cut.length())));
        terminal.flush();
        printedLength = cut.length();
    }

    /** Clears the line, so that the next message starts at its beginning. */
    void clear() {
        if (printedLength > 0) {
            terminal.print("\r" + " ".repeat(printedLength) + "\r");
            terminal.flush();
            printedLength = 0;
        }
    }
}
