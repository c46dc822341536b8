package io.veloz.wal.ops;

import java.io.PrintStream;

/** A line on a terminal that is written over and over. It belongs to one thread. */
final class TerminalLine {
    private final PrintStream terminal;
    private int printedLength;

    TerminalLine(PrintStream terminal) {
        this.terminal = terminal;
    }

    void show(String line) {
        terminal.print("\r" + line + " ".repeat(Math.max(0, printedLength - line.length())));
        terminal.flush();
        printedLength = line.length();
    }

    /** Takes it away, so that what is said next stands on a line of its own. */
    void clear() {
        if (printedLength > 0) {
            terminal.print("\r" + " ".repeat(printedLength) + "\r");
            terminal.flush();
            printedLength = 0;
        }
    }
}
