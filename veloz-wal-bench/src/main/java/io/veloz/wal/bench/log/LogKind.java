package io.veloz.wal.bench.log;

import java.nio.file.Path;

/**
 * A kind of log that can be measured. It is loaded by its class name, because each peer is on a class path that has no other
 * peer's libraries.
 */
public interface LogKind {
    /**
     * How a log is opened.
     *
     * @param segmentBytes the size of its files where it has files of a size
     * @param maxRecordBytes the largest record that will be appended
     * @param callbacks whether asynchronous appends with callbacks will follow; without them a log that has to
     *     prepare for callbacks, for example by a listener, does not
     */
    record Settings(int segmentBytes, int maxRecordBytes, boolean callbacks) {}

    /** What a replay has read. */
    record Replayed(long records, long bytes) {}

    /** Returns what the log does before it reports a record as durable, in one line for the table. */
    String durable();

    /** Opens a log in an existing directory, which is empty or was closed by this kind. */
    MeasuredLog open(Path directory, Settings settings) throws Exception;

    /** Opens a log that was closed, and reads every record with its checksum, in the way of a program that starts. */
    Replayed replay(Path directory, Settings settings) throws Exception;

    /** Creates the kind of a class on the class path, which has a constructor without parameters. */
    static LogKind load(String className) {
        try {
            return Class.forName(className)
                    .asSubclass(LogKind.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("no log of class " + className + " is on the class path", e);
        }
    }
}
