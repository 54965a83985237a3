// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.MachineOptions;

/**
 * A machine and its client, over standard input or over a socket, and perhaps a monitor beside.
 * A machine that a client has started is ended by SIGTERM, with status 0 as QEMU.
 */
final class Conversation {

    /** Longest line: a transfer of the largest size in base 64, or twice that in digits. */
    private static final int MAX_LINE = 48 << 20;

    private final MachineParts parts;
    private final MachineOptions options;

    Conversation(MachineParts parts, MachineOptions options) {
        this.parts = parts;
        this.options = options;
    }

    /**
     * Answers until the client ends it.
     *
     * @throws LabException if the machine cannot be made, or nobody listens at a socket
     */
    void run(InputStream in, PrintStream out) throws LabException, IOException {
        Protocol protocol = parts.protocol(options);
        Path monitor = options.sockets().monitor();
        Path qtest = options.sockets().qtest();
        if (monitor == null && qtest == null) {
            converse(protocol, in, out);
            return;
        }
        Termination.isNoFailure();
        try (HostConnection watched = monitor == null ? null : HostConnection.to(monitor);
                HostConnection driven = qtest == null ? null : HostConnection.to(qtest)) {
            if (watched != null) {
                watch(protocol, watched, driven);
            }
            converse(protocol, driven == null ? in : driven.in(), driven == null ? out
                    : new PrintStream(new BufferedOutputStream(driven.out(), 1 << 16), false,
                            StandardCharsets.ISO_8859_1));
        }
    }

    private void watch(Protocol protocol, HostConnection watched, HostConnection driven) {
        var monitor = new Monitor(options.version(), new Monitor.Controls() {
            @Override
            public void reset() throws IOException {
                try {
                    protocol.reset(parts.machine(options));
                } catch (LabException e) {
                    throw new IOException(e);
                }
            }

            @Override
            public void quit() throws IOException {
                watched.close();
                if (driven != null) {
                    driven.close();
                } else {
                    Termination.now();
                }
            }
        }, watched.out());
        var thread = new Thread(() -> {
            try {
                monitor.run(watched.in());
            } catch (IOException e) {
                // the client has gone, or we have
            }
        }, "monitor");
        thread.setDaemon(true);
        thread.start();
    }

    /** Answers line by line until the input ends. */
    static void converse(Protocol protocol, InputStream in, PrintStream out)
            throws LabException, IOException {
        InputStream lines = new BufferedInputStream(in, 1 << 16);
        for (String line = following(lines); line != null; line = following(lines)) {
            out.print(protocol.answer(line));
            out.print('\n');
            // answers to what was sent in one piece may go out in one piece
            if (lines.available() == 0) {
                protocol.flushLog();
                out.flush();
            }
        }
    }

    /** As the method below; a connection that is closed under us is an end as well. */
    private static String following(InputStream in) throws IOException, LabException {
        try {
            return next(in);
        } catch (ClosedChannelException e) {
            return null;
        }
    }

    /** Returns the next line without its end, or null at the end of the input. */
    private static String next(InputStream in) throws IOException, LabException {
        var line = new ByteArrayOutputStream(128);
        int c = in.read();
        if (c < 0) {
            return null;
        }
        for (; c >= 0 && c != '\n'; c = in.read()) {
            if (line.size() == MAX_LINE) {
                throw new LabException("a line of more than " + MAX_LINE + " bytes");
            }
            if (c != '\r') {
                line.write(c);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }
}
