package io.veloz.wal.ops;

import io.veloz.wal.WalProgress;
import java.io.PrintStream;
import java.util.Locale;

/** A bar on a terminal that says how far a long piece of work has come. It belongs to the thread that works. */
final class Progress implements WalProgress, AutoCloseable {
    private static final long BETWEEN_LINES_NANOS = 100_000_000;
    private static final int CELLS = 24;

    /** In what the work is counted. */
    enum Unit {
        BYTES,
        RECORDS,
        SLOTS
    }

    private final TerminalLine bar;
    private final boolean shown;
    private final String what;
    private final Unit unit;
    private final long startedNanos = System.nanoTime();
    private long printedNanos = startedNanos;

    /** @param shown false if nobody looks: then it does nothing */
    Progress(PrintStream terminal, boolean shown, String what, Unit unit) {
        this.bar = new TerminalLine(terminal);
        this.shown = shown;
        this.what = what;
        this.unit = unit;
    }

    @Override
    public void update(long done, long total) {
        if (!shown) {
            return;
        }
        long now = System.nanoTime();
        if (now - printedNanos < BETWEEN_LINES_NANOS) {
            return;
        }
        printedNanos = now;
        bar.show(line(done, total, now - startedNanos));
    }

    /** The bar for so much of so much after so long. */
    String line(long done, long total, long elapsedNanos) {
        double share = total <= 0 ? 1 : Math.min(1, (double) done / total);
        int full = (int) (share * CELLS);
        double seconds = Math.max(1, elapsedNanos) / 1e9;
        double rate = done / seconds;
        long leftSeconds = rate <= 0 ? 0 : (long) Math.ceil((total - done) / rate);
        return String.format(
                Locale.ROOT,
                "%s [%s%s] %3d %%  %s of %s  %s/s  %d:%02d left",
                what,
                "#".repeat(full),
                ".".repeat(CELLS - full),
                (int) (share * 100),
                amount(done),
                amount(total),
                amount((long) rate),
                leftSeconds / 60,
                leftSeconds % 60);
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
