package io.veloz.wal.demo;

import java.io.Console;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * Prints the results of the demo, and counts failed checks. Not thread-safe.
 *
 * <p>On a terminal, it also shows a progress bar and clears it afterwards.
 */
final class Screen {
    private static final int CELLS = 40;
    private static final int MAX_PROBLEMS = 10;
    private static final long BAR_INTERVAL_NANOS = 50_000_000;

    private final PrintStream out;
    private final boolean terminal;
    private long barNanos;
    private int barLength;
    private int wrong;
    private int missed;

    Screen(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Up to JDK 21 there is a console only on a terminal. Since JDK 22 there may always be one, with a method for this. */
    @SuppressWarnings("SystemConsoleNull") // on 17 it does
    static boolean isTerminal() {
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

    void heading(String text) {
        clearBar();
        out.println();
        out.println(text);
    }

    void line(String label, String text) {
        line("", label, text);
    }

    private void line(String mark, String label, String text) {
        clearBar();
        out.printf(Locale.ROOT, "   %-6s  %-10s  %s%n", mark, label, text);
    }

    /** Prints a check. If there are problems, it prints them, and the demo fails. */
    void promise(String label, String text, List<String> problems) {
        line(problems.isEmpty() ? "ok" : "WRONG", label, text);
        problems.stream().limit(MAX_PROBLEMS).forEach(problem -> line("", problem));
        if (problems.size() > MAX_PROBLEMS) {
            line("", "and " + Figures.count(problems.size() - MAX_PROBLEMS) + " more");
        }
        wrong += problems.isEmpty() ? 0 : 1;
    }

    /** Prints a speed target, which may be missed on a busy machine. */
    void target(String label, String text, boolean met) {
        line(met ? "ok" : "MISSED", label, text);
        missed += met ? 0 : 1;
    }

    void progress(String label, long done, long total) {
        long now = System.nanoTime();
        if (!terminal || now - barNanos < BAR_INTERVAL_NANOS) {
            return;
        }
        barNanos = now;
        int full = (int) (CELLS * done / Math.max(1, total));
        String bar = String.format(
                Locale.ROOT,
                "   %-6s  %-10s  [%s%s] %s of %s",
                "",
                label,
                "#".repeat(full),
                ".".repeat(CELLS - full),
                Figures.count(done),
                Figures.count(total));
        out.print("\r" + bar + " ".repeat(Math.max(0, barLength - bar.length())));
        out.flush();
        barLength = bar.length();
    }

    private void clearBar() {
        if (barLength > 0) {
            out.print("\r" + " ".repeat(barLength) + "\r");
            barLength = 0;
        }
    }

    int wrong() {
        return wrong;
    }

    int missed() {
        return missed;
    }
}
