// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import kdump.lab.api.LabException;

/** A connection to a socket of this host on which a client listens. Thread-safe. */
final class HostConnection implements AutoCloseable {

    private final SocketChannel channel;

    private HostConnection(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Connects.
     *
     * @throws LabException if nobody listens there
     */
    static HostConnection to(Path socket) throws LabException {
        try {
            return new HostConnection(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        } catch (IOException | IllegalArgumentException e) {
            throw new LabException("Failed to connect to '" + socket + "': " + e.getMessage(), e);
        }
    }

    InputStream in() {
        return Channels.newInputStream(channel);
    }

    OutputStream out() {
        return Channels.newOutputStream(channel);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
