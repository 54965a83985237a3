// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import kdump.lab.api.LabException;

/**
 * The sockets of the host over which a machine is driven and watched: {@code -qtest unix:PATH},
 * and a {@code -mon} over a {@code -chardev socket}. Somebody else listens there; we connect.
 */
public final class HostSockets {

    private static final String STDIO = "stdio";
    private static final String UNIX = "unix:";

    /** By the name of the character device; null for one that leads nowhere. */
    private final Map<String, Path> characters = new HashMap<>();
    private Path qtest;
    private Path monitor;

    HostSockets() { }

    /** Takes a {@code -qtest} argument. */
    void qtest(String value, Path directory) throws LabException {
        if (value.startsWith(UNIX)) {
            var socket = new Properties("-qtest", value.substring(UNIX.length()));
            refuseServer(socket);
            socket.refuseOthers();
            qtest = directory.resolve(socket.value());
        } else if (value.equals(STDIO)) {
            qtest = null;
        } else {
            throw new LabException("-qtest '" + value + "', expected stdio or unix:PATH");
        }
    }

    /** Takes a {@code -chardev} argument. */
    void character(Properties character, Path directory) throws LabException {
        String id = character.id();
        if (id == null) {
            throw character.refusal("chardev: no id specified");
        }
        Path socket = null;
        switch (character.value()) {
            case "socket" -> {
                String path = character.text("path", null);
                if (path == null) {
                    throw character.refusal("expected path=, a socket of this host");
                }
                refuseServer(character);
                socket = directory.resolve(path);
            }
            case "null" -> { }
            default -> throw character.refusal("'" + character.value()
                    + "', expected socket or null");
        }
        character.refuseOthers();
        if (characters.containsKey(id)) {
            throw character.refusal("Duplicate ID '" + id + "' for chardev");
        }
        characters.put(id, socket);
    }

    private static void refuseServer(Properties socket) throws LabException {
        if (socket.flag("server", false)) {
            throw socket.refusal("server=on, expected somebody else to listen");
        }
        socket.text("reconnect", null);
    }

    /** Takes a {@code -mon} argument, after all character devices. */
    void monitor(Properties mon) throws LabException {
        String id = mon.text("chardev", null);
        String mode = mon.text("mode", "readline");
        mon.flag("pretty", false);
        mon.refuseOthers();
        if (!characters.containsKey(id)) {
            throw mon.refusal("chardev \"" + id + "\" not found");
        }
        if (!mode.equals("control")) {
            throw mon.refusal("mode=" + mode + ", expected control");
        }
        monitor = characters.get(id);
    }

    /** Returns the socket over which the machine is driven; null for standard input. */
    public Path qtest() {
        return qtest;
    }

    /** Returns the socket of the monitor, null if there is none. */
    public Path monitor() {
        return monitor;
    }
}
