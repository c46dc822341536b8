package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.postgres.PostgresServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The memory of a backup and of a recovery does not grow with the dump. The server is real; {@code pg_dump} writes a dump of
 * any size, and {@code pg_restore} counts it. {@code -Dveloz.dump=5g} selects the size.
 */
@Timeout(1800)
class BackupMemoryTest {
    private static final String HEAP = "-Xmx48m";
    private static final long HEAP_BYTES = 48L << 20;
    private static final long DUMP_BYTES = bytes(System.getProperty("veloz.dump", "64m"));

    private static PostgresServer server;

    @TempDir
    Path dir;

    private Path profile;

    private static long bytes(String size) {
        long number = Long.parseLong(size.substring(0, size.length() - 1));
        return switch (size.charAt(size.length() - 1)) {
            case 'm' -> number << 20;
            case 'g' -> number << 30;
            default -> throw new IllegalArgumentException("veloz.dump " + size + ": expected a size such as 5g or 96m");
        };
    }

    @BeforeAll
    static void startServer() throws IOException {
        server = PostgresServer.start();
    }

    @AfterAll
    static void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void makeProfile() throws IOException {
        server.sql("postgres", "CREATE DATABASE veloz");
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        Files.createDirectory(dir.resolve("programs"));
        for (String program : new String[] {"psql", "pg_dumpall"}) {
            program(program, "exec " + server.programs().resolve(program) + " \"$@\"");
        }
        // Random, as a compressed dump is.
        program("pg_dump", "printf 'PGDMP\\001\\016\\000'; exec head -c " + (DUMP_BYTES - 8) + " /dev/urandom");
        program("pg_restore", "wc -c > " + dir.resolve("restored-bytes"));
        profile = dir.resolve("backup.properties");
        Files.writeString(
                profile,
                "state.directory = state\nlog.directory = wal\ndatabase.name = veloz\ndatabase.user = postgres\n"
                        + "database.host = " + server.directory() + "\ndatabase.port = " + server.port()
                        + "\ndatabase.programs = programs\n" + keys.profileLines());
    }

    private void program(String name, String script) throws IOException {
        Path file = Files.writeString(
                dir.resolve("programs").resolve(name),
                "#!/bin/sh\n[ \"$1\" = --version ] && exec " + server.programs().resolve(name) + " --version\n" + script
                        + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void dropDatabases() throws IOException {
        server.dropDatabases();
    }

    @Test
    void dumpLargerThanTheHeapIsBackedUpAndRecovered() throws Exception {
        assertThat(DUMP_BYTES).isGreaterThan(HEAP_BYTES);
        Path archive = dir.resolve("archive");
        try (Wal wal = Wal.open(dir.resolve("wal"));
                WalShipper shipper = WalShipper.start(
                        wal, ShipperConfig.builder(archive.toUri().toString()).build())) {
            wal.appendDurable(1, ByteBuffer.allocate(10));
            assertThat(shipper.awaitArchived(1, Duration.ofSeconds(30))).isTrue();
            run("backup", archive);
        }
        try (ObjectStore store = new DirectoryStore(archive)) {
            RecoveryPoint point = new PointChain(store).readAll().get(0).point();
            assertThat(point.attachment(Kind.DATABASE).orElseThrow().plainBytes())
                    // The properties of the database follow the dump.
                    .isBetween(DUMP_BYTES, DUMP_BYTES + 4096);
        }
        run("recover", archive);
        assertThat(Files.readString(dir.resolve("restored-bytes")).strip()).isEqualTo(String.valueOf(DUMP_BYTES));
        Trees.delete(archive);
    }

    private void run(String job, Path archive) throws IOException, InterruptedException {
        Path output = dir.resolve(job + ".txt");
        long started = System.nanoTime();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        HEAP,
                        "-cp",
                        System.getProperty("java.class.path"),
                        LittleHeap.class.getName(),
                        job,
                        profile.toString(),
                        archive.toString(),
                        dir.resolve("keys").toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor())
                    .as("%s: %s", job, Files.readString(output))
                    .isZero();
        } finally {
            process.destroyForcibly();
        }
        long peak = Long.parseLong(Files.readString(output).strip());
        System.out.printf(
                Locale.ROOT,
                "%s of a dump of %,d bytes: %.1f s, at most %,d bytes of a heap of %,d%n",
                job,
                DUMP_BYTES,
                (System.nanoTime() - started) / 1e9,
                peak,
                HEAP_BYTES);
    }
}
