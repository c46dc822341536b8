package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.probe.ProbeReport;
import io.veloz.wal.archive.store.probe.ProbeResult;
import io.veloz.wal.archive.store.probe.StoreProbe;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** The probe with a store that lets several concurrent puts succeed occasionally, and is correct otherwise. */
@EnabledIfSystemProperty(named = "s3mock", matches = "true")
class S3MockTest {
    private static final String RACE = "exactly one of 16 concurrent puts succeeds";

    @TempDir
    static Path directory;

    private static S3MockServer server;

    @BeforeAll
    static void startServer() throws IOException, InterruptedException {
        server = S3MockServer.start(directory);
    }

    @AfterAll
    static void stopServer() throws IOException {
        server.close();
    }

    private static ObjectStore open(S3Settings.Checksums checksums, boolean chunked) {
        S3Settings settings = S3ProxyServer.settings(server.endpoint())
                .checksums(checksums)
                .chunkedEncoding(chunked)
                .build();
        return new S3Store(URI.create("s3://" + S3MockServer.BUCKET + "/p-" + checksums + "-" + chunked), settings);
    }

    @Test
    void probeFindsThatSeveralPutsSucceed() {
        List<String> found = new ArrayList<>();
        try (ObjectStore store = open(S3Settings.Checksums.WHEN_REQUIRED, false)) {
            for (int i = 0; i < 5; i++) {
                ProbeReport report = StoreProbe.thorough(store);
                report.results().stream()
                        .filter(result -> !result.passed())
                        .map(ProbeResult::name)
                        .forEach(found::add);
                if (!found.isEmpty()) {
                    break;
                }
            }
        }
        assertThat(found).containsOnly(RACE);
    }

    @Test
    void checksumsAndChunksAreSupported() throws IOException {
        for (boolean chunked : new boolean[] {false, true}) {
            try (ObjectStore store = open(S3Settings.Checksums.CRC32C, chunked)) {
                assertThat(StoreProbe.quick(store).isUsable()).isTrue();
            }
        }
    }
}
