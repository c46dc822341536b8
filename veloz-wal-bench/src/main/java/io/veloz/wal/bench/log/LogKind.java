package io.veloz.wal.bench.log;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;

/** A kind of log that can be measured. Implementations are found on the class path by {@link ServiceLoader}. */
public interface LogKind {
    /** The size of its files where it has files of a size, and the largest record that will be appended. */
    record Settings(int segmentBytes, int maxRecordBytes) {}

    /** What a replay has read. */
    record Replayed(long records, long bytes) {}

    /** Returns the name in tables and arguments. */
    String name();

    /** Returns what the log does before it reports a record as durable, in one line for the table. */
    String durable();

    /** Opens a log in an existing directory, which is empty or was closed by this kind. */
    MeasuredLog open(Path directory, Settings settings) throws Exception;

    /** Opens a log that was closed, and reads every record with its checksum, in the way of a program that starts. */
    Replayed replay(Path directory, Settings settings) throws Exception;

    /** Returns all kinds on the class path. */
    static List<LogKind> all() {
        return ServiceLoader.load(LogKind.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    /** Returns the kind of a name. */
    static LogKind of(String name) {
        List<LogKind> all = all();
        return all.stream()
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown log " + name + "; known here: "
                        + all.stream().map(LogKind::name).toList()));
    }
}
