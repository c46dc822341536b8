package io.veloz.wal.ops;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command speaks to: results to {@code out}, everything else to {@code err}. It belongs to one thread.
 *
 * @param standardOutput unbuffered, for output that must be on its way at once; nothing else may be written to
 *     {@code out} then
 * @param showsProgress whether {@code err} is a terminal
 */
record Streams(OutputStream standardOutput, Output out, PrintStream err, boolean showsProgress) {
    static Streams of(OutputStream out, OutputStream err, boolean showsProgress) {
        return new Streams(out, new Output(out), new PrintStream(err, true, StandardCharsets.UTF_8), showsProgress);
    }

    static Streams ofProcess() {
        return of(
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                Terminal.isStandardError());
    }

    Progress progress(String what, Progress.Unit unit) {
        return new Progress(err, showsProgress, what, unit);
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
