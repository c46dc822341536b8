package io.veloz.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EngineOptionsTest {
    @Test
    void onlyTheLogIsRequired() {
        EngineOptions options = EngineOptions.parse("--wal", "data");
        assertThat(options.wal()).isEqualTo(Path.of("data"));
        assertThat(options.port()).isEqualTo(8080);
        assertThat(options.readOnly()).isFalse();
        assertThat(options.archive()).isEmpty();
        assertThat(options.publishWhen()).isEqualTo(PublishWhen.DURABLE);
        assertThat(options.ordersPerSecond()).isZero();
    }

    @Test
    void epochToTakeOverIsANumber() {
        assertThat(EngineOptions.parse("--wal", "data").takeOver()).isZero();
        assertThat(EngineOptions.parse("--wal", "data", "--take-over", "17").takeOver())
                .isEqualTo(17);
    }

    @Test
    void agesHaveUnits() {
        EngineOptions options = EngineOptions.parse(
                "--wal",
                "data",
                "--metrics-file",
                "f",
                "--max-backup-age",
                "database=26h",
                "--max-backup-age",
                "vault=2d",
                "--max-backup-age",
                "secrets=15m",
                "--max-backup-age",
                "roles=9s");
        assertThat(options.maxBackupAges())
                .containsEntry("database", Duration.ofHours(26))
                .containsEntry("vault", Duration.ofDays(2))
                .containsEntry("secrets", Duration.ofMinutes(15))
                .containsEntry("roles", Duration.ofSeconds(9));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --read-only                                         | --wal is missing
                    --wal d --http 65536                                | --http 65536: expected 0 to 65535
                    --wal d --http -1                                   | --http -1: expected 0 to 65535
                    --wal d --wal e                                     | --wal occurs twice
                    --wal d --take-over last                            | --take-over last: expected 0 to 999999
                    --wal d --port 1                                    | unknown argument --port
                    --wal d --orders-per-second 10001                   | --orders-per-second 10001: expected 0 to 10000
                    --wal d --publish-when sent                         | --publish-when sent: expected durable or archived
                    --wal d --publish-when archived                     | --publish-when archived needs --archive
                    --wal d --max-backup-age database=26h               | --max-backup-age needs --metrics-file
                    --wal d --metrics-file f --max-backup-age database  | --max-backup-age database: expected KIND=TIME, such as database=26h
                    """)
    void invalidArgumentsAreNamed(String arguments, String message) {
        assertThatThrownBy(() -> EngineOptions.parse(arguments.split(" +")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void archiveWithoutAStoreIsAnError() {
        assertThatThrownBy(() -> EngineOptions.parse("--wal", "d", "--archive", "ftp://host/x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ftp");
    }

    @Test
    void orderIsReadFromAForm() {
        assertThat(OrderRequest.parse("id=a%2B1&symbol=BTCUSDT&side=SELL&quantity=0.5&price=50000\n"))
                .isEqualTo(OrderNew.limit("a+1", "BTCUSDT", Side.SELL, 0.5, 50_000));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''                                                  | unexpected field "": expected id, symbol, side, quantity, price
                    id=a&id=b                                           | the field id occurs twice
                    id=a                                                | the field symbol is missing: expected id, symbol, side, quantity, price
                    id=&symbol=X                                        | the field id is missing: expected id, symbol, side, quantity, price
                    id=a&symbol=X&side=buy&quantity=1&price=1           | side buy: expected BUY or SELL
                    id=a&symbol=X&side=BUY&quantity=-1&price=1          | quantity -1: expected a decimal number
                    id=a&symbol=X&side=BUY&quantity=1&price=NaN         | price NaN: expected a decimal number
                    id=a&symbol=X&side=BUY&quantity=1&price=1&venue=v   | unexpected field "venue": expected id, symbol, side, quantity, price
                    """)
    void invalidOrderIsNamed(String body, String message) {
        assertThatThrownBy(() -> OrderRequest.parse(body))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
