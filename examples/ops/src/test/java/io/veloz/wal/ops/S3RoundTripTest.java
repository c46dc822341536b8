package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.s3.S3ProxyServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ship, verify and restore with an S3 server, in separate processes with the usual AWS environment variables. */
class S3RoundTripTest {
    @TempDir
    Path scratch;

    private static String run(Map<String, String> environment, int exitCode, Object... args) throws Exception {
        try (ChildTool child = ChildTool.startWith(environment, args)) {
            String out = String.join("\n", child.linesLeft());
            String all = out + child.errors();
            assertThat(child.exitCode()).as(all).isEqualTo(exitCode);
            assertThat(all).doesNotContain(S3ProxyServer.CREDENTIALS.secretAccessKey());
            return all;
        }
    }

    private static Object[] with(Object[] options, Object... args) {
        List<Object> all = new ArrayList<>(Arrays.asList(args));
        all.addAll(Arrays.asList(options));
        return all.toArray();
    }

    @Test
    void logIsShippedToS3AndRestored() throws Exception {
        S3ProxyServer server = S3ProxyServer.shared();
        Map<String, String> environment = server.environment();
        String uri = S3ProxyServer.newUri();
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        Path restored = scratch.resolve("restored");

        assertThat(run(environment, ExitCode.OK, "ship", "--once", log, uri)).contains("into        " + uri);
        assertThat(run(environment, ExitCode.OK, "verify", "--full", uri)).contains("verdict: sound");
        assertThat(run(environment, ExitCode.OK, "dump", "--from", 4, "--to", 9, uri))
                .contains(ToolRun.of("dump", "--from", 4, "--to", 9, log).out().strip(), "cost: ");

        // Options override the environment.
        Map<String, String> elsewhere = new HashMap<>(environment);
        elsewhere.put("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
        Object[] options = {"--endpoint", server.endpoint(), "--region", "us-east-1", "--path-style"};
        assertThat(run(elsewhere, ExitCode.OK, with(options, "restore", uri, restored)))
                .contains("records     1 to 12 (12 records)");
        assertThat(ToolRun.of("dump", restored).out())
                .isEqualTo(ToolRun.of("dump", log).out());
    }

    @Test
    void wrongSecretIsRejectedAndNotPrinted() throws Exception {
        Map<String, String> environment = new HashMap<>(S3ProxyServer.shared().environment());
        environment.put("AWS_SECRET_ACCESS_KEY", "hush-hush-hush");
        String output = run(environment, ExitCode.FAILED, "probe", "--quick", S3ProxyServer.newUri());
        assertThat(output).startsWith("error: ").doesNotContain("hush").doesNotContain("internal error");
    }
}
