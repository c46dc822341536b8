package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class PageTest {
    private static final List<String> BROWSERS = List.of("chromium", "chromium-browser", "google-chrome");

    @TempDir
    Path dir;

    @Test
    void policyAllowsOnlyTheStyleAndTheScriptOfThePage() throws Exception {
        try (WalHttpServer server = Client.server().start()) {
            Client.Reply page = Client.get(server, "/");
            assertThat(page.status()).isEqualTo(200);
            assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
            assertThat(page.headers().firstValue("Content-Security-Policy"))
                    .contains("default-src 'none'; style-src " + hash(page.body(), "style") + "; script-src "
                            + hash(page.body(), "script")
                            + "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        }
    }

    private static String hash(String html, String element) throws Exception {
        Matcher content = Pattern.compile("<" + element + ">(.*?)</" + element + ">", Pattern.DOTALL)
                .matcher(html);
        assertThat(content.find()).isTrue();
        byte[] digest =
                MessageDigest.getInstance("SHA-256").digest(content.group(1).getBytes(StandardCharsets.UTF_8));
        assertThat(content.find()).as("a second " + element).isFalse();
        return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
    }

    @Test
    void pageNeedsNothingFromElsewhereAndNoInlineHandler() throws Exception {
        try (WalHttpServer server = Client.server().start()) {
            String page = Client.get(server, "/").body();
            assertThat(page).doesNotContain("http:", "https:", "src=", "@import", "url(", "innerHTML", "eval(");
            assertThat(page).doesNotContainPattern("<[^>]+ (on[a-z]+|style)=");
        }
    }

    @Test
    void pageShowsLogArchiveBackupsAndChecksInABrowser() throws Exception {
        Path metrics = Files.writeString(
                dir.resolve("metrics.prom"),
                "veloz_backup_points 12\nveloz_backup_last_success_timestamp_seconds{kind=\"database\"} 1000000000\n");
        String archive = Files.createDirectory(dir.resolve("archive")).toUri().toString();
        try (Wal wal = Wal.open(dir.resolve("log"));
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(archive).build());
                WalHttpServer server = Client.server()
                        .log(wal)
                        .shipper(shipper)
                        .backupMetrics(metrics)
                        .check("venue", () -> CheckResult.failed("<img src=x onerror=\"document.title='hacked'\">"))
                        .start()) {
            long last = wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
            assertThat(shipper.awaitArchived(last, Duration.ofSeconds(60))).isTrue();
            String dom = domOf(server);
            assertThat(dom)
                    .contains("<title>! veloz-wal</title>")
                    .contains("<strong id=\"state\" class=\"failed\">failed</strong>")
                    .contains("<th>state</th><td>OPEN</td>", "<th>last record</th><td>1</td>")
                    .contains("<td class=\"ok\">SHIPPING</td>", "<th>archived up to</th><td>1</td>")
                    .contains("<th>recovery points</th><td>12</td>", "<th>last drill that passed</th><td>never</td>")
                    .containsPattern("<th>database</th><td>[0-9]+ d [0-9]+ h ago, size unknown</td>")
                    .contains("failed: &lt;img src=x onerror=")
                    .doesNotContain("<img");
            // At least two values, so that the chart is a line.
            assertThat(dom).containsPattern("<svg id=\"lag\".*<polyline points=\"[0-9.]+,[0-9.]+ [0-9.]+,[0-9.]+");
            assertThat(dom).containsPattern("<svg id=\"fsync\".*<polyline points=\"[0-9.]+,[0-9.]+ [0-9.]+,[0-9.]+");
            assertThat(dom).containsPattern("<span id=\"fsync-text\">now [0-9.]+ (ms|s), highest");
        }
    }

    @Test
    void pageOfAnEngineThatIsReplayingSaysSo() throws Exception {
        try (WalHttpServer server = Client.server().start()) {
            String dom = domOf(server);
            assertThat(dom)
                    .contains("REPLAYING", "replay</th><td class=\"failed\">failed: the log is being replayed")
                    .contains("no metrics file of backup jobs is configured", "this process does not ship the log")
                    .contains("<span id=\"lag-text\">no value</span>");
        }
    }

    @Test
    void pageShowsThatTheEngineDoesNotAnswer() throws Exception {
        try (WalHttpServer server = Client.server()
                .log(() -> LogState.readOnly(1))
                .orders(() -> {
                    throw new IllegalStateException("so that /api/status has status 500");
                })
                .start()) {
            assertThat(domOf(server)).contains("no answer from the engine since this page was opened");
        }
    }

    /** Returns the page as a browser has it after some seconds of the page's clock. */
    private String domOf(WalHttpServer server) throws Exception {
        Optional<Path> browser = browser();
        assumeTrue(browser.isPresent(), "none of " + BROWSERS + " is installed; install the package chromium");
        Path out = dir.resolve("dom.html");
        Process process = new ProcessBuilder(
                        browser.get().toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--no-proxy-server",
                        "--disable-background-networking",
                        "--user-data-dir=" + dir.resolve("profile"),
                        "--virtual-time-budget=7000",
                        "--dump-dom",
                        server.uri().toString())
                .redirectOutput(out.toFile())
                .redirectError(dir.resolve("browser.log").toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertThat(process.exitValue())
                .as(Files.readString(dir.resolve("browser.log")))
                .isZero();
        return Files.readString(out);
    }

    private static Optional<Path> browser() {
        List<Path> directories = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .map(Path::of)
                .toList();
        return BROWSERS.stream()
                .flatMap(name -> directories.stream().map(directory -> directory.resolve(name)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
