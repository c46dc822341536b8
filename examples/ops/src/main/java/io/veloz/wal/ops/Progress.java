package io.veloz.wal.ops;

import io.veloz.wal.WalProgress;
import java.io.PrintStream;
import java.util.Locale;

/** A progress bar on a terminal. Not thread-safe. */
final class Progress implements WalProgress, AutoCloseable {
    private static final long UPDATE_INTERVAL_NANOS = 100_000_000;
    private static final int MAX_CELLS = 24;
    private static final int MIN_CELLS = 4;

    /** The unit of the work. */
    enum Unit {
        BYTES,
        RECORDS,
        SLOTS
    }

    private final TerminalLine bar;
    private final int columns;
    private final String what;
    private final Unit unit;
    private final long startedNanos = System.nanoTime();
    private long printedNanos = startedNanos;

    /** @param columns the width of the terminal; 0 if standard error is not a terminal: then nothing is printed */
    Progress(PrintStream terminal, int columns, String what, Unit unit) {
        this.bar = new TerminalLine(terminal, columns);
        this.columns = columns;
        this.what = what;
        this.unit = unit;
    }

    @Override
    public void update(long done, long total) {
        if (columns == 0) {
            return;
        }
        long now = System.nanoTime();
        if (now - printedNanos < UPDATE_INTERVAL_NANOS) {
            return;
        }
        printedNanos = now;
        bar.show(line(done, total, now - startedNanos));
    }

    /** Returns the line with the bar. */
    String line(long done, long total, long elapsedNanos) {
        double share = total <= 0 ? 1 : Math.min(1, (double) done / total);
        double seconds = Math.max(1, elapsedNanos) / 1e9;
        double rate = done / seconds;
        long leftSeconds = rate <= 0 ? 0 : (long) Math.ceil((total - done) / rate);
        String numbers = String.format(
                Locale.ROOT,
                " %3d %%  %s of %s  %s/s  %d:%02d left",
                (int) (share * 100),
                unit == Unit.BYTES ? Units.bytes(done) : Units.count(done),
                amount(total),
                unit == Unit.BYTES ? Units.bytes((long) rate) : Units.count((long) rate),
                leftSeconds / 60,
                leftSeconds % 60);
        // The numbers are more important than the bar, which gets the remaining width.
        int width = columns - 1 - what.length() - " []".length() - numbers.length();
        int cells = Math.max(MIN_CELLS, Math.min(MAX_CELLS, width));
        int full = (int) (share * cells);
        return what + " [" + "#".repeat(full) + ".".repeat(cells - full) + "]" + numbers;
    }

    private String amount(long count) {
        return unit == Unit.BYTES
                ? Units.bytes(count)
                : Units.count(count) + " " + unit.name().toLowerCase(Locale.ROOT);
    }

    /** Clears the bar, so that the next message starts on an empty line. */
    @Override
    public void close() {
        bar.clear();
    }
}
