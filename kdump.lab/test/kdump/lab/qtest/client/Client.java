// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import kdump.lab.qtest.options.Numbers;

/**
 * What QEMU's libqtest does: listens on two sockets, starts a machine that connects to both, shakes
 * hands with its monitor and drives it. In our own words. One thread.
 */
final class Client implements AutoCloseable {

    private static final long START_MILLIS = 30_000;

    /** Starts a machine with a whole command line. */
    interface Starter {

        /** Returns what waits until it has ended. */
        Closeable start(List<String> options) throws IOException;
    }

    /** One connection, line by line. */
    private static final class Lines {

        private final OutputStream out;
        private final BufferedReader in;

        Lines(SocketChannel channel) {
            out = Channels.newOutputStream(channel);
            Reader reader = Channels.newReader(channel, StandardCharsets.UTF_8);
            in = new BufferedReader(reader);
        }

        String next() throws IOException {
            String line = in.readLine();
            if (line == null) {
                throw new IOException("the machine has gone");
            }
            return line.strip();
        }

        void send(String line) throws IOException {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }

    private final Path directory;
    private final List<Closeable> open = new ArrayList<>();
    private final Lines driven;
    private final Lines watched;
    private final String greeting;
    private final Deque<String> events = new ArrayDeque<>();
    private final List<String> interrupts = new ArrayList<>();

    Client(Starter starter, String... options) throws IOException {
        directory = Files.createTempDirectory("qtest");
        Path qtest = directory.resolve("qtest.sock");
        Path monitor = directory.resolve("qtest.qmp");
        try (var first = listen(qtest); var second = listen(monitor)) {
            var all = new ArrayList<>(List.of("-qtest", "unix:" + qtest, "-qtest-log",
                    "/dev/null", "-chardev", "socket,path=" + monitor + ",id=char0", "-mon",
                    "chardev=char0,mode=control", "-display", "none"));
            all.addAll(List.of(options));
            open.add(starter.start(all));
            driven = accept(first);
            watched = accept(second);
        }
        greeting = watched.next();
        monitor("qmp_capabilities");
    }

    private static ServerSocketChannel listen(Path at) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(at));
    }

    /** A machine that does not start never connects. */
    private Lines accept(ServerSocketChannel listener) throws IOException {
        listener.configureBlocking(false);
        try (Selector selector = Selector.open()) {
            listener.register(selector, SelectionKey.OP_ACCEPT);
            if (selector.select(START_MILLIS) == 0) {
                throw new IOException("the machine does not connect");
            }
        }
        SocketChannel channel = listener.accept();
        channel.configureBlocking(true);
        open.add(0, channel);
        return new Lines(channel);
    }

    /** Returns the first line of the monitor. */
    String greeting() {
        return greeting;
    }

    /** Sends a command to the monitor; returns its answer, and remembers events before it. */
    String monitor(String command) throws IOException {
        return send("{\"execute\": \"" + command + "\"}");
    }

    /** Sends a line to the monitor; returns the answer, and remembers events before it. */
    String send(String line) throws IOException {
        watched.send(line);
        String answer = watched.next();
        while (answer.contains("\"event\"")) {
            events.add(answer);
            answer = watched.next();
        }
        return answer;
    }

    /** Returns the name of the next event. */
    String event() throws IOException {
        String line = events.isEmpty() ? watched.next() : events.remove();
        return line.replaceAll(".*\"event\": \"([A-Z_]+)\".*", "$1");
    }

    /** Brings the machine into the state after reset. */
    void reset() throws IOException {
        monitor("system_reset");
        String event = event();
        while (!event.equals("RESET")) {
            event = event();
        }
    }

    /** Sends a line of the protocol; returns what follows OK. */
    String ask(String line) throws IOException {
        driven.send(line);
        String answer = driven.next();
        while (answer.startsWith("IRQ ")) {
            interrupts.add(answer);
            answer = driven.next();
        }
        if (!answer.startsWith("OK")) {
            throw new IOException(line + ": " + answer);
        }
        return answer.substring(2).strip();
    }

    /** Returns what inputs that are intercepted have done since the last call, a line each. */
    List<String> interrupts() {
        var lines = List.copyOf(interrupts);
        interrupts.clear();
        return lines;
    }

    long number(String line) throws IOException {
        return Numbers.unsigned(ask(line));
    }

    /** Returns whether the machine has closed the connection that drives it. */
    boolean ended() throws IOException {
        return driven.in.readLine() == null;
    }

    @Override
    public void close() throws IOException {
        for (Closeable one : open) {
            one.close();
        }
        Files.deleteIfExists(directory.resolve("qtest.sock"));
        Files.deleteIfExists(directory.resolve("qtest.qmp"));
        Files.delete(directory);
    }
}
