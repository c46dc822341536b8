package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.s3.S3ProxyServer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Backup and recovery with an S3 server, in separate processes with the usual AWS environment variables. */
@Timeout(300)
class BackupS3Test {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;

    @BeforeEach
    void createEngine() throws Exception {
        engine = new BackedUpEngine(scratch);
    }

    private static String run(Map<String, String> environment, int exitCode, Object... args) throws Exception {
        try (ChildTool child = ChildTool.startWith(environment, args)) {
            String all = String.join("\n", child.linesLeft()) + child.errors();
            assertThat(child.exitCode()).as(all).isEqualTo(exitCode);
            assertThat(all).doesNotContain(S3ProxyServer.CREDENTIALS.secretAccessKey(), BackedUpEngine.MARKER);
            return all;
        }
    }

    @Test
    void lostEngineIsRecoveredFromS3() throws Exception {
        Map<String, String> environment = S3ProxyServer.shared().environment();
        String uri = S3ProxyServer.newUri();
        Path profile = engine.profile();
        run(environment, ExitCode.OK, "ship", "--once", engine.log(), uri);
        assertThat(run(environment, ExitCode.OK, "backup", uri, "--profile", profile))
                .contains("point       1, made ");
        engine.loseEverything();
        Object[] recover = {
            "recover",
            uri,
            "--profile",
            profile,
            "--key",
            scratch.resolve("keys/operations.key"),
            "--signer",
            scratch.resolve("keys/signer.asc")
        };
        assertThat(run(environment, ExitCode.OK, recover)).contains("outcome     recovered from point 1");
        assertThat(engine.config()).hasContent("depth: 5");
        assertThat(engine.secret()).hasContent(BackedUpEngine.MARKER);
    }

    @Test
    void storeThatCannotBeReachedEndsWithFive() throws Exception {
        Map<String, String> environment = new HashMap<>(S3ProxyServer.shared().environment());
        environment.put("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
        String uri = S3ProxyServer.newUri();
        for (String command : new String[] {"backup", "points", "retention"}) {
            assertThat(run(
                            environment,
                            ExitCode.UNREACHABLE,
                            command,
                            uri,
                            "--profile",
                            engine.profile(),
                            "--call-timeout",
                            "1s"))
                    .startsWith("error: ");
        }
        assertThat(run(
                        environment,
                        ExitCode.UNREACHABLE,
                        "recover",
                        uri,
                        "--plan",
                        "--profile",
                        engine.profile(),
                        "--call-timeout",
                        "1s"))
                .startsWith("error: ");
    }
}
