package io.veloz.wal.backup.internal.drill;
import io.veloz.wal.backup.*; import io.veloz.wal.backup.internal.profile.Profile; import java.util.Optional; import java.io.*;
public final class DrillDatabase implements Closeable {
    public static Optional<String> missingPrograms(Profile p, Attachment a) { return Optional.of("WIP"); }
    public static DrillDatabase start(Profile p, Attachment a, DrillDirectory d) { throw new UnsupportedOperationException(); }
    public void createRoles(InputStream sql) throws IOException { }
    public void restore(InputStream dump) throws IOException { }
    public String compare() { return ""; } public String version() { return ""; } public void close() { }
}
