package io.veloz.wal.ops;

import io.veloz.wal.WalProgress;
import java.io.PrintStream;
import java.util.Locale;

/** A bar on a terminal that says how far a long piece of work has come. It belongs to the thread that works. */
final class Progress implements WalProgress, AutoCloseable {
    private static final long BETWEEN_LINES_NANOS = 100_000_000;
    private static final int MOST_CELLS = 24;
    private static final int FEWEST_CELLS = 4;

    /** In what the work is counted. */
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

    /** @param columns the width of the terminal; 0 if there is none: then nothing is shown */
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
        if (now - printedNanos < BETWEEN_LINES_NANOS) {
            return;
        }
        printedNanos = now;
        bar.show(line(done, total, now - startedNanos));
    }

    /** The bar after some of the work and some time. */
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
        // The numbers matter more than the bar: it takes the room that is left.
        int room = columns - 1 - what.length() - " []".length() - numbers.length();
        int cells = Math.max(FEWEST_CELLS, Math.min(MOST_CELLS, room));
        int full = (int) (share * cells);
        return what + " [" + "#".repeat(full) + ".".repeat(cells - full) + "]" + numbers;
    }

    private String amount(long count) {
        return unit == Unit.BYTES
                ? Units.bytes(count)
                : Units.count(count) + " " + unit.name().toLowerCase(Locale.ROOT);
    }

    /** Takes the bar away, so that what is said next stands on a line of its own. */
    @Override
    public void close() {
        bar.clear();
    }
}
