package io.veloz.wal.backup.internal.point;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Attachment.Chunk;
import io.veloz.wal.backup.Bracket;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.internal.store.Digests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PointCodecTest {
    /** The format of a point. A change of this text is a change of the format. */
    private static final String HEAD = "{\"format\":1,\"log\":\"" + "6c".repeat(16) + "\",\"number\":12,\"previous\":\""
            + "a".repeat(64)
            + "\",\"made\":\"2026-11-28T02:15:09Z\",\"host\":\"db1\",\"tip\":{\"slot\":8123,\"sha256\":\""
            + "b".repeat(64) + "\",\"archivedSequence\":501744},\"attachments\":[{\"kind\":\"database\",\"id\":\""
            + "c".repeat(32) + "\",\"suffix\":\"dump.gpg\",\"taken\":\"2026-11-28T02:15:01Z\",\"after\":501690,"
            + "\"upTo\":501702,\"firstPoint\":12,\"plainBytes\":1027,\"contentMac\":\"" + "d".repeat(64)
            + "\",\"roots\":[],\"recipients\":[\"AA\"],\"signer\":\"BB\",\"chunks\":[{\"bytes\":900,\"sha256\":\""
            + "e".repeat(64) + "\"}],\"postgres\":{\"system\":\"7713\",\"server\":150018,\"dump\":150018,"
            + "\"dumpFormat\":\"1.14\",\"dumpBytes\":1000,\"lsn\":\"0/5513B98\",\"database\":\"veloz\",\"owner\":\"veloz\","
            + "\"encoding\":\"UTF8\",\"collate\":\"C\",\"ctype\":\"C\",\"locale\":\"\",\"connectionLimit\":-1,"
            + "\"settings\":[\"app.api_key\"],\"acl\":\"\",\"roles\":[\"veloz\"],\"extensions\":[\"pgcrypto 1.3\"],"
            + "\"rows\":{\"public.accounts\":100},\"applied\":501688}}]}";

    private static RecoveryPoint point() {
        DatabaseFacts facts = DatabaseFacts.builder("veloz")
                .system("7713")
                .serverVersion(150_018)
                .dumpVersion(150_018)
                .dumpFormat("1.14")
                .dumpBytes(1000)
                .lsn("0/5513B98")
                .owner("veloz")
                .encoding("UTF8")
                .collate("C")
                .ctype("C")
                .settings(List.of("app.api_key"))
                .roles(List.of("veloz"))
                .extensions(List.of("pgcrypto 1.3"))
                .rows(Map.of("public.accounts", 100L))
                .applied(OptionalLong.of(501_688))
                .build();
        Attachment database = Attachment.builder(Kind.DATABASE, "c".repeat(32))
                .taken(Instant.parse("2026-11-28T02:15:01Z"))
                .bracket(new Bracket(501_690, 501_702))
                .firstPoint(12)
                .plainBytes(1027)
                .contentMac("d".repeat(64))
                .recipients(List.of("AA"))
                .signer("BB")
                .chunks(List.of(new Chunk(900, "e".repeat(64))))
                .database(facts)
                .build();
        return RecoveryPoint.of(
                12,
                "6c".repeat(16),
                "a".repeat(64),
                Instant.parse("2026-11-28T02:15:09Z"),
                "db1",
                new RecoveryPoint.Tip(8123, "b".repeat(64), 501_744),
                List.of(database));
    }

    /** Frames a head as a backup does. */
    private static byte[] framed(String head) {
        byte[] json = head.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(16 + json.length + 32).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x184D2A57).putInt(json.length).put(json);
        byte[] digest = HexFormat.of().parseHex(Digests.of(Arrays.copyOf(out.array(), out.position())));
        return out.putInt(0x184D2A58).putInt(32).put(digest).array();
    }

    private static void assertBad(String from, String to, String message) {
        assertThat(HEAD).contains(from);
        assertThatThrownBy(() -> PointCodec.decode(framed(HEAD.replace(from, to))))
                .isInstanceOf(BadPointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void bytesAreThoseOfTheFormat() throws BadPointException {
        assertThat(PointCodec.encode(point())).isEqualTo(framed(HEAD));
        assertThat(PointCodec.encode(PointCodec.decode(framed(HEAD)))).isEqualTo(framed(HEAD));
    }

    @Test
    void pointWhoseDatabaseIsAheadOfItsBracketIsRefused() {
        assertBad(
                "\"applied\":501688",
                "\"applied\":501703",
                "the database has applied record 501703 of the log; expected at most 501702");
    }

    @Test
    void pointThatNeedsMoreOfTheLogThanWasArchivedIsRefused() {
        assertBad(
                "\"archivedSequence\":501744",
                "\"archivedSequence\":501701",
                "the archive of the log ends at record 501701; an attachment needs it up to record 501702");
    }

    @Test
    void bracketThatEndsBeforeItBeginsIsRefused() {
        assertBad("\"after\":501690", "\"after\":501703", "bracket 501703 to 501702");
    }
}
