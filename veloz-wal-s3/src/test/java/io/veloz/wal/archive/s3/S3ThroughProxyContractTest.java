package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.probe.ObjectStoreContract;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The contract through the fault proxy, which shows that the proxy itself causes no faults. */
@Tag("enumeration")
class S3ThroughProxyContractTest extends ObjectStoreContract {
    private static FaultProxy proxy;

    @BeforeAll
    static void startProxy() throws IOException, InterruptedException {
        proxy = FaultProxy.start(S3ProxyServer.shared().port());
    }

    @AfterAll
    static void stopProxy() throws IOException {
        proxy.close();
    }

    @Override
    protected ObjectStore newStore() {
        return S3ProxyServer.open(S3ProxyServer.newUri(), proxy.endpoint());
    }
}
