package io.veloz.wal.ops;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The output streams of a command: results go to {@code out}, everything else to {@code err}. Not thread-safe.
 *
 * @param standardOutput unbuffered standard output; a command that uses it must not use {@code out}
 * @param columns the width of the terminal of {@code err}; 0 if it is not a terminal
 */
record Streams(OutputStream standardOutput, Output out, PrintStream err, int columns) {
    static Streams of(OutputStream out, OutputStream err, int columns) {
        return new Streams(out, new Output(out), new PrintStream(err, true, StandardCharsets.UTF_8), columns);
    }

    /** Returns whether {@code err} is a terminal. */
    boolean showsProgress() {
        return columns > 0;
    }

    static Streams ofProcess() {
        return of(
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                Terminal.isStandardError() ? Terminal.columns() : 0);
    }

    Progress progress(String what, Progress.Unit unit) {
        return new Progress(err, columns, what, unit);
    }

    void warning(String text) {
        err.println("warning: " + oneLine(text));
    }

    void error(String text) {
        err.println("error: " + oneLine(text));
    }

    static String oneLine(String text) {
        return text.replaceAll("\\s*\\R\\s*", " ");
    }
}
