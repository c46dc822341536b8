package io.veloz.wal.bench.peers.sqlite;

import io.veloz.wal.bench.log.GroupCommit;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;

/** A table of SQLite in WAL mode with one row per record. SQLite has one writer, so its users commit many rows at once. */
public final class SqliteKind implements LogKind {
    private static final int PAGE_BYTES = 4096;

    @Override
    public String durable() {
        return "one transaction of all waiting records: page images into the WAL, one fsync (synchronous=FULL); "
                + "checksum of each page in the WAL, none in the database";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws SQLException {
        return new GroupCommit(new Table(connect(directory, settings)));
    }

    private static Connection connect(Path directory, Settings settings) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setPageSize(PAGE_BYTES);
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        // No shared memory and no file locks: the log has one process.
        config.setLockingMode(SQLiteConfig.LockingMode.EXCLUSIVE);
        Connection connection = config.createConnection("jdbc:sqlite:" + directory.resolve("log.db"));
        try (Statement statement = connection.createStatement()) {
            // The WAL is written again from its start after a checkpoint; its size is that of the other logs' files.
            statement.execute("PRAGMA wal_autocheckpoint=" + settings.segmentBytes() / PAGE_BYTES);
            statement.execute("CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, record BLOB NOT NULL)");
        }
        return connection;
    }

    @Override
    public Replayed replay(Path directory, Settings settings) throws SQLException {
        long records = 0;
        long bytes = 0;
        try (Connection connection = connect(directory, settings);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT record FROM log ORDER BY sequence")) {
            while (rows.next()) {
                records++;
                bytes += rows.getBytes(1).length;
            }
        }
        return new Replayed(records, bytes);
    }

    private static final class Table implements GroupCommit.Store {
        private final Connection connection;
        private final PreparedStatement insert;

        Table(Connection connection) throws SQLException {
            this.connection = connection;
            this.insert = connection.prepareStatement("INSERT INTO log (record) VALUES (?)");
            connection.setAutoCommit(false);
        }

        @Override
        public void put(byte[] record) throws SQLException {
            insert.setBytes(1, record);
            insert.executeUpdate();
        }

        @Override
        public void commit() throws SQLException {
            connection.commit();
        }

        @Override
        public void close() throws SQLException {
            insert.close();
            connection.close();
        }
    }
}
