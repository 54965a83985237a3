// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.options.FunctionKind;
import kdump.lab.qtest.options.QemuVersion;

/**
 * The few commands of QEMU's monitor that clients of qtest cannot do without: greeting, {@code
 * qmp_capabilities}, {@code query-version}, {@code query-machines}, {@code qom-list-types}, {@code
 * system_reset} with its event, {@code quit}. One JSON object a command, one line an answer.
 *
 * <p>Source: QEMU documentation, "QEMU Machine Protocol Specification".
 */
final class Monitor {

    /** What a monitor can do to its machine. */
    interface Controls {

        /** Brings the machine into the state after reset; memory stays. */
        void reset() throws IOException;

        /** Ends the conversation. */
        void quit() throws IOException;
    }

    /** Objects within objects beyond this are no command of anybody. */
    private static final int MAX_DEPTH = 32;
    private static final String GENERIC = "GenericError";
    private static final String NOT_FOUND = "CommandNotFound";
    private static final JsonFactory JSON = new JsonFactory();

    /** One command: its name, and its id as JSON, or null. */
    private record Command(String name, String id) { }

    private final QemuVersion version;
    private final Controls controls;
    private final OutputStream out;
    private boolean negotiated;
    private boolean quits;

    Monitor(QemuVersion version, Controls controls, OutputStream out) {
        this.version = version;
        this.controls = controls;
        this.out = out;
    }

    /** Greets, then answers until the input ends or the client quits. */
    void run(InputStream in) throws IOException {
        send("{\"QMP\": {\"version\": " + versionText() + ", \"capabilities\": []}}");
        try (JsonParser parser = JSON.createParser(in)) {
            while (!quits && parser.nextToken() != null) {
                answer(command(parser));
            }
        } catch (JsonParseException e) {
            send(error(GENERIC, "JSON parse error, " + e.getOriginalMessage(), null));
        }
        if (quits) {
            controls.quit();
        }
    }

    /** Reads what begins at the current token; null if it is no command. */
    private static Command command(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return null;
        }
        String name = null;
        String id = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "execute", "exec-oob" -> {
                    name = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText()
                            : null;
                    parser.skipChildren();
                }
                case "id" -> id = copied(parser);
                default -> parser.skipChildren();
            }
        }
        return new Command(name, id);
    }

    private static String copied(JsonParser parser) throws IOException {
        var text = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(text)) {
            if (parser.currentToken() == JsonToken.START_OBJECT
                    && parser.getParsingContext().getNestingDepth() > MAX_DEPTH) {
                throw new IOException("an id of more than " + MAX_DEPTH + " levels");
            }
            generator.copyCurrentStructure(parser);
        }
        return text.toString();
    }

    private void answer(Command command) throws IOException {
        if (command == null || command.name() == null) {
            send(error(GENERIC, "QMP input lacks member 'execute'",
                    command == null ? null : command.id()));
            return;
        }
        String name = command.name();
        if (!negotiated && !name.equals("qmp_capabilities")) {
            send(error(NOT_FOUND, "Expecting capabilities negotiation with 'qmp_capabilities'",
                    command.id()));
            return;
        }
        String value = value(name);
        if (value == null) {
            send(error(NOT_FOUND, "The command " + name + " has not been found", command.id()));
            return;
        }
        send("{\"return\": " + value + id(command.id()) + "}");
        if (name.equals("system_reset")) {
            controls.reset();
            event("RESET", "host-qmp-system-reset");
        } else if (name.equals("quit")) {
            event("SHUTDOWN", "host-qmp-quit");
            quits = true;
        }
    }

    /** Returns what a command answers, or null if there is none of that name. */
    private String value(String name) {
        switch (name) {
            case "qmp_capabilities" -> {
                if (negotiated) {
                    return null;
                }
                negotiated = true;
                return "{}";
            }
            case "system_reset", "quit" -> {
                return "{}";
            }
            case "query-version" -> {
                return versionText();
            }
            case "query-machines" -> {
                return "[" + machine(version.machine(), ", \"alias\": \"q35\"") + ", "
                        + machine("none", "") + "]";
            }
            case "qom-list-types" -> {
                return types();
            }
            default -> {
                return null;
            }
        }
    }

    private static String machine(String name, String alias) {
        return "{\"name\": \"" + name + "\"" + alias + ", \"is-default\": false, \"cpu-max\": 1, "
                + "\"hotpluggable-cpus\": false, \"numa-mem-supported\": false, "
                + "\"deprecated\": false, \"acpi\": false}";
    }

    /** All that a {@code -device} argument can name. */
    private String types() {
        var types = new ArrayList<String>();
        FunctionKind.names(version).forEach(n -> types.add(type(n, "pci-device")));
        List.of("intel-iommu", "amd-iommu").forEach(n -> types.add(type(n, "x86-iommu")));
        types.add(type("ide-hd", "ide-device"));
        return "[" + String.join(", ", types) + "]";
    }

    private static String type(String name, String parent) {
        return "{\"name\": \"" + name + "\", \"parent\": \"" + parent + "\"}";
    }

    private String versionText() {
        int[] numbers = version.numbers();
        return "{\"qemu\": {\"micro\": " + numbers[2] + ", \"minor\": " + numbers[1]
                + ", \"major\": " + numbers[0] + "}, \"package\": \"kdump lab\"}";
    }

    private static String id(String id) {
        return id == null ? "" : ", \"id\": " + id;
    }

    private static String error(String kind, String why, String id) throws IOException {
        var text = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(text)) {
            generator.writeString(why);
        }
        return "{\"error\": {\"class\": \"" + kind + "\", \"desc\": " + text + "}" + id(id) + "}";
    }

    private void event(String name, String reason) throws IOException {
        Instant now = Instant.now();
        send("{\"timestamp\": {\"seconds\": " + now.getEpochSecond() + ", \"microseconds\": "
                + now.getNano() / 1000 + "}, \"event\": \"" + name + "\", \"data\": {\"guest\": "
                + "false, \"reason\": \"" + reason + "\"}}");
    }

    private void send(String line) throws IOException {
        out.write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
