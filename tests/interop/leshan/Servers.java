// SPDX-License-Identifier: Apache-2.0
// A LwM2M server and a LwM2M bootstrap server made of the Eclipse Leshan libraries, for library.py: what Leshan's demo server does not offer by REST (bootstrap,
// trust in client certificates, observed composites, Send, queue mode). Owns no protocol: a command is a line of JSON on stdin and becomes one request of
// Leshan's; answers and events are lines of JSON on stdout. Never for anything but tests: it tells the values that it reads.
// Without security it listens at the port before PORT.
// usage: java -cp JARS/* Servers.java HOST PORT BOOTSTRAP_PORT CERTIFICATE KEY TRUSTED AWAKE_MS      (PEM files; the key in PKCS#8)

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.eclipse.leshan.core.link.Link;
import org.eclipse.leshan.core.link.lwm2m.attributes.DefaultLwM2mAttributeParser;
import org.eclipse.leshan.core.link.lwm2m.attributes.LwM2mAttributeSet;
import org.eclipse.leshan.core.model.LwM2mModel;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mMultipleResource;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.TimestampedLwM2mNodes;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.peer.LwM2mPeer;
import org.eclipse.leshan.core.request.BootstrapDeleteRequest;
import org.eclipse.leshan.core.request.BootstrapDiscoverRequest;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.BootstrapReadRequest;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.BootstrapWriteRequest;
import org.eclipse.leshan.core.request.CancelCompositeObservationRequest;
import org.eclipse.leshan.core.request.CancelObservationRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.CreateRequest;
import org.eclipse.leshan.core.request.DeleteRequest;
import org.eclipse.leshan.core.request.DiscoverRequest;
import org.eclipse.leshan.core.request.DownlinkRequest;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveCompositeRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadCompositeRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.SendRequest;
import org.eclipse.leshan.core.request.WriteAttributesRequest;
import org.eclipse.leshan.core.request.WriteCompositeRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.request.exception.ClientSleepingException;
import org.eclipse.leshan.core.response.BootstrapDiscoverResponse;
import org.eclipse.leshan.core.response.BootstrapReadResponse;
import org.eclipse.leshan.core.response.CreateResponse;
import org.eclipse.leshan.core.response.DiscoverResponse;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadCompositeResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.util.datatype.ULong;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.BootstrapSessionListener;
import org.eclipse.leshan.server.bootstrap.BootstrapTaskProvider;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.CaliforniumBootstrapServerEndpointsProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coaps.CoapsBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.californium.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.server.californium.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.server.californium.endpoint.coaps.CoapsServerProtocolProvider;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.queue.PresenceListener;
import org.eclipse.leshan.server.queue.StaticClientAwakeTimeProvider;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.security.BootstrapSecurityStoreAdapter;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;
import org.eclipse.leshan.server.send.SendListener;

public class Servers {
    static final long PATIENCE_MS = 10000;
    static final ObjectMapper JSON = new ObjectMapper();
    static final ExecutorService workers = Executors.newCachedThreadPool();
    static final InMemorySecurityStore keys = new InMemorySecurityStore(), bootstrapKeys = new InMemorySecurityStore();
    static final Map<String, List<JsonNode>> plans = new ConcurrentHashMap<>();   // of the bootstrap server, by endpoint
    static final Map<String, List<JsonNode>> held = new ConcurrentHashMap<>();    // commands for who sleeps, by endpoint
    static LeshanServer server;

    // ---- out ----

    static synchronized void say(Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2)
            line.put((String) pairs[i], pairs[i + 1]);
        try {
            System.out.println(JSON.writeValueAsString(line));
        } catch (Exception e) {
            System.out.println("{\"event\":\"unprintable\"}");
        }
    }

    static Object plain(Object value) {
        if (value instanceof byte[])
            return Base64.getEncoder().encodeToString((byte[]) value);
        if (value instanceof Date)
            return ((Date) value).getTime() / 1000;
        return value instanceof Number || value instanceof Boolean ? value : String.valueOf(value);
    }

    /** Every value below a path, by its path. */
    static void flatten(Map<String, Object> out, String path, LwM2mNode node) {
        if (node instanceof LwM2mObject)
            for (LwM2mObjectInstance i : ((LwM2mObject) node).getInstances().values())
                flatten(out, path + "/" + i.getId(), i);
        else if (node instanceof LwM2mObjectInstance)
            for (LwM2mResource r : ((LwM2mObjectInstance) node).getResources().values())
                flatten(out, path + "/" + r.getId(), r);
        else if (node instanceof LwM2mResource && ((LwM2mResource) node).isMultiInstances())
            for (LwM2mResourceInstance i : ((LwM2mResource) node).getInstances().values())
                flatten(out, path + "/" + i.getId(), i);
        else if (node instanceof LwM2mResourceInstance)
            out.put(path, plain(((LwM2mResourceInstance) node).getValue()));
        else if (node instanceof LwM2mResource)
            out.put(path, plain(((LwM2mResource) node).getValue()));
    }

    static Map<String, Object> values(String path, LwM2mNode node) {
        Map<String, Object> out = new TreeMap<>();
        flatten(out, path.equals("/") ? "" : path, node);
        return out;
    }

    static Map<String, Object> values(Map<LwM2mPath, LwM2mNode> nodes) {
        Map<String, Object> out = new TreeMap<>();
        if (nodes != null)
            nodes.forEach((path, node) -> flatten(out, path.toString(), node));
        return out;
    }

    static List<String> links(Link[] links) {
        List<String> out = new ArrayList<>();
        for (Link link : links == null ? new Link[0] : links)
            out.add(link.toCoreLinkFormat());
        return out;
    }

    /** What an answer brought; null if nothing. */
    static Object content(String path, LwM2mResponse r) {
        if (r instanceof ReadResponse && r.isSuccess())
            return values(path, ((ReadResponse) r).getContent());
        if (r instanceof ReadCompositeResponse && r.isSuccess())
            return values(((ReadCompositeResponse) r).getContent());
        if (r instanceof DiscoverResponse)
            return links(((DiscoverResponse) r).getObjectLinks());
        if (r instanceof BootstrapDiscoverResponse)
            return links(((BootstrapDiscoverResponse) r).getObjectLinks());
        if (r instanceof BootstrapReadResponse && r.isSuccess())
            return values(path, ((BootstrapReadResponse) r).getContent());
        if (r instanceof CreateResponse)
            return ((CreateResponse) r).getLocation();
        return null;
    }

    static String code(LwM2mResponse r) {
        int code = r.getCode().getCode();
        return code / 100 + "." + String.format("%02d", code % 100);
    }

    // ---- in ----

    static Object value(JsonNode given, ResourceModel.Type type) {
        switch (type) {
        case INTEGER:
            return given.asLong();
        case UNSIGNED_INTEGER:
            return ULong.valueOf(given.asLong());
        case BOOLEAN:
            return given.asBoolean();
        case FLOAT:
            return given.asDouble();
        case TIME:
            return new Date(given.asLong() * 1000);
        case OPAQUE:
            return Base64.getDecoder().decode(given.asText());
        default:
            return given.asText();
        }
    }

    /** The resource of an object whose values these are; a JSON object is a multiple one, by instance. */
    static LwM2mResource resource(LwM2mModel model, int object, int id, JsonNode given) {
        ResourceModel.Type type = model.getResourceModel(object, id).type;
        if (!given.isObject())
            return LwM2mSingleResource.newResource(id, value(given, type), type);
        Map<Integer, Object> instances = new TreeMap<>();
        given.fields().forEachRemaining(f -> instances.put(Integer.valueOf(f.getKey()), value(f.getValue(), type)));
        return LwM2mMultipleResource.newResource(id, instances, type);
    }

    static Collection<LwM2mResource> resources(LwM2mModel model, int object, JsonNode given) {
        List<LwM2mResource> out = new ArrayList<>();
        given.fields().forEachRemaining(f -> out.add(resource(model, object, Integer.parseInt(f.getKey()), f.getValue())));
        return out;
    }

    /** What "value" is at that path: of an object {instance: {resource: value}}, of an instance {resource: value}, of a resource a value. */
    static LwM2mNode node(LwM2mModel model, LwM2mPath path, JsonNode given) {
        int object = path.getObjectId();
        if (path.isResourceInstance()) {
            ResourceModel.Type type = model.getResourceModel(object, path.getResourceId()).type;
            return LwM2mResourceInstance.newInstance(path.getResourceInstanceId(), value(given, type), type);
        }
        if (path.isResource())
            return resource(model, object, path.getResourceId(), given);
        if (path.isObjectInstance())
            return new LwM2mObjectInstance(path.getObjectInstanceId(), resources(model, object, given));
        List<LwM2mObjectInstance> instances = new ArrayList<>();
        given.fields().forEachRemaining(f -> instances.add(new LwM2mObjectInstance(Integer.parseInt(f.getKey()), resources(model, object, f.getValue()))));
        return new LwM2mObject(object, instances);
    }

    static ContentFormat format(JsonNode command) {
        return command.has("format") ? ContentFormat.fromName(command.get("format").asText()) : null;
    }

    static List<String> paths(JsonNode command) {
        List<String> out = new ArrayList<>();
        command.get("paths").forEach(p -> out.add(p.asText()));
        return out;
    }

    static Map<String, Object> composite(JsonNode given) {
        Map<String, Object> out = new LinkedHashMap<>();
        given.fields().forEachRemaining(f -> out.put(f.getKey(), f.getValue().isBoolean() ? (Object) f.getValue().asBoolean()
                                                                 : f.getValue().isNumber() ? (Object) f.getValue().asLong() : f.getValue().asText()));
        return out;
    }

    static Observation observation(Registration r, JsonNode command) {
        for (Observation o : server.getObservationService().getObservations(r))
            if (command.has("paths") ? o instanceof CompositeObservation && texts(((CompositeObservation) o).getPaths()).equals(paths(command))
                                     : o instanceof SingleObservation && ((SingleObservation) o).getPath().toString().equals(command.get("path").asText()))
                return o;
        throw new IllegalArgumentException("not observed");
    }

    static List<String> texts(List<LwM2mPath> paths) {
        List<String> out = new ArrayList<>();
        paths.forEach(p -> out.add(p.toString()));
        return out;
    }

    static DownlinkRequest<?> request(Registration r, JsonNode c) throws Exception {
        LwM2mModel model = server.getModelProvider().getObjectModel(r);
        String path = c.path("path").asText();
        ContentFormat format = format(c), composite = format == null ? ContentFormat.SENML_CBOR : format;
        switch (c.get("op").asText()) {
        case "read":
            return new ReadRequest(format, path);
        case "write":
            return new WriteRequest(WriteRequest.Mode.REPLACE, format, path, node(model, new LwM2mPath(path), c.get("value")));
        case "update":
            return new WriteRequest(WriteRequest.Mode.UPDATE, format, path, node(model, new LwM2mPath(path), c.get("value")));
        case "create":
            LwM2mObject instances = (LwM2mObject) node(model, new LwM2mPath(path), c.get("value"));
            return new CreateRequest(format, path, instances.getInstances().values().toArray(new LwM2mObjectInstance[0]));
        case "create-anywhere":
            return new CreateRequest(format, path, resources(model, new LwM2mPath(path).getObjectId(), c.get("value")));
        case "delete":
            return new DeleteRequest(path);
        case "discover":
            return new DiscoverRequest(path);
        case "attributes":
            return new WriteAttributesRequest(path, new LwM2mAttributeSet(new DefaultLwM2mAttributeParser().parseUriQuery(c.get("query").asText())));
        case "execute":
            return c.has("arguments") ? new ExecuteRequest(path, c.get("arguments").asText()) : new ExecuteRequest(path);
        case "observe":
            return new ObserveRequest(format, path);
        case "cancel":
            return new CancelObservationRequest((SingleObservation) observation(r, c));
        case "read-composite":
            return new ReadCompositeRequest(composite, composite, paths(c));
        case "write-composite":
            return new WriteCompositeRequest(composite, composite(c.get("value")));
        case "observe-composite":
            return new ObserveCompositeRequest(composite, composite, paths(c).toArray(new String[0]));
        case "cancel-composite":
            return new CancelCompositeObservationRequest((CompositeObservation) observation(r, c));
        default:
            throw new IllegalArgumentException("op");
        }
    }

    static <T extends LwM2mResponse> void ask(Registration r, DownlinkRequest<T> request, JsonNode c) throws Exception {
        T answer = server.send(r, request, PATIENCE_MS);
        if (answer == null)
            say("id", c.get("id").asInt(), "error", "no answer");
        else
            say("id", c.get("id").asInt(), "code", code(answer), "content", content(c.path("path").asText(), answer), "message", answer.getErrorMessage());
    }

    static void learn(JsonNode c) throws Exception {
        InMemorySecurityStore store = c.get("op").asText().equals("key") ? keys : bootstrapKeys;
        String endpoint = c.get("ep").asText();
        store.add(c.has("key") ? SecurityInfo.newPreSharedKeyInfo(endpoint, c.get("identity").asText(), Base64.getDecoder().decode(c.get("key").asText()))
                               : SecurityInfo.newX509CertInfo(endpoint));
    }

    static void carryOut(JsonNode c) {
        String endpoint = c.get("ep").asText();
        try {
            switch (c.get("op").asText()) {
            case "key":
            case "bootstrap-key":
                learn(c);
                say("id", c.get("id").asInt(), "code", "ok");
                return;
            case "plan":
                List<JsonNode> steps = new ArrayList<>();
                c.get("steps").forEach(steps::add);
                plans.put(endpoint, steps);
                say("id", c.get("id").asInt(), "code", "ok");
                return;
            }
            Registration r = server.getRegistrationService().getByEndpoint(endpoint);
            if (r == null)
                say("id", c.get("id").asInt(), "error", "not registered");
            else if (c.get("op").asText().equals("forget"))
                say("id", c.get("id").asInt(), "code", server.getRegistrationStore().removeRegistration(r.getId()) == null ? "none" : "ok");
            else
                ask(r, request(r, c), c);
        } catch (ClientSleepingException e) {
            held.computeIfAbsent(endpoint, k -> new ArrayList<>()).add(c);
            say("event", "held", "ep", endpoint, "of", c.get("id").asInt());
        } catch (Exception e) {
            say("id", c.get("id").asInt(), "error", e.toString());
        }
    }

    // ---- events ----

    static final RegistrationListener registrations = new RegistrationListener() {
        @Override
        public void registered(Registration r, Registration former, Collection<Observation> formerObservations) {
            say("event", "registered", "ep", r.getEndpoint(), "peer", String.valueOf(r.getClientTransportData().getIdentity()), "lifetime", r.getLifeTimeInSec(),
                "queue", r.usesQueueMode(), "version", r.getLwM2mVersion().toString(), "observed", formerObservations == null ? 0 : formerObservations.size());
        }

        @Override
        public void updated(RegistrationUpdate update, Registration now, Registration former) {
            say("event", "updated", "ep", now.getEndpoint(), "lifetime", now.getLifeTimeInSec(), "links", links(now.getObjectLinks()));
        }

        @Override
        public void unregistered(Registration r, Collection<Observation> observations, boolean expired, Registration now) {
            say("event", "unregistered", "ep", r.getEndpoint(), "expired", expired);
        }
    };

    static final ObservationListener notifications = new ObservationListener() {
        @Override
        public void newObservation(Observation o, Registration r) {
        }

        @Override
        public void cancelled(Observation o) {
        }

        @Override
        public void onResponse(SingleObservation o, Registration r, ObserveResponse answer) {
            say("event", "notified", "path", o.getPath().toString(), "value", values(o.getPath().toString(), answer.getContent()));
        }

        @Override
        public void onResponse(CompositeObservation o, Registration r, ObserveCompositeResponse answer) {
            say("event", "notified", "paths", texts(o.getPaths()), "value", values(answer.getContent()));
        }

        @Override
        public void onError(Observation o, Registration r, Exception error) {
            say("event", "bad notification", "error", String.valueOf(error));
        }
    };

    static final PresenceListener presence = new PresenceListener() {
        @Override
        public void onAwake(Registration r) {
            say("event", "awake", "ep", r.getEndpoint());
            List<JsonNode> commands = held.remove(r.getEndpoint());
            if (commands != null)
                commands.forEach(c -> workers.submit(() -> carryOut(c)));
        }

        @Override
        public void onSleeping(Registration r) {
            say("event", "asleep", "ep", r.getEndpoint());
        }
    };

    static final SendListener sends = new SendListener() {
        @Override
        public void dataReceived(Registration r, TimestampedLwM2mNodes data, SendRequest request) {
            say("event", "sent", "ep", r.getEndpoint(), "format", request.getFormat().getName(), "value", values(data.getNodes()));
        }

        @Override
        public void onError(Registration r, String message, Exception error) {
            say("event", "bad Send", "error", message);
        }
    };

    static final BootstrapSessionListener sessions = new BootstrapSessionListener() {
        @Override
        public void sessionInitiated(BootstrapRequest request, LwM2mPeer peer) {
            say("event", "bs-request", "ep", request.getEndpointName(), "peer", String.valueOf(peer.getIdentity()), "format", String.valueOf(request.getPreferredContentFormat()));
        }

        @Override
        public void unAuthorized(BootstrapRequest request, LwM2mPeer peer) {
            say("event", "bs-unauthorized", "ep", request.getEndpointName());
        }

        @Override
        public void authorized(BootstrapSession session) {
        }

        @Override
        public void noConfig(BootstrapSession session) {
            say("event", "bs-no-plan", "ep", session.getEndpoint());
        }

        @Override
        public void sendRequest(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request) {
        }

        private void step(BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse answer) {
            String path = request instanceof BootstrapReadRequest ? ((BootstrapReadRequest) request).getPath().toString() : "";
            say("event", "bs-step", "request", request.getClass().getSimpleName(), "code", code(answer), "content", content(path, answer));
        }

        @Override
        public void onResponseSuccess(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse answer) {
            step(request, answer);
        }

        @Override
        public void onResponseError(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse answer) {
            step(request, answer);
        }

        @Override
        public void onRequestFailure(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request, Throwable cause) {
            say("event", "bs-step", "request", request.getClass().getSimpleName(), "error", String.valueOf(cause));
        }

        @Override
        public void end(BootstrapSession session) {
            say("event", "bs-end", "ep", session.getEndpoint());
        }

        @Override
        public void failed(BootstrapSession session, BootstrapFailureCause cause) {
            say("event", "bs-failed", "ep", session.getEndpoint(), "cause", cause.toString());
        }
    };

    // ---- what the bootstrap server asks: the steps of the plan, then Leshan's own Finish ----

    static BootstrapDownlinkRequest<? extends LwM2mResponse> step(LwM2mModel model, JsonNode s) {
        String path = s.get("path").asText();
        switch (s.get("op").asText()) {
        case "discover":
            return new BootstrapDiscoverRequest(path);
        case "delete":
            return new BootstrapDeleteRequest(path);
        case "read":
            return new BootstrapReadRequest(format(s), path);
        default:
            return new BootstrapWriteRequest(new LwM2mPath(path), node(model, new LwM2mPath(path), s.get("value")), format(s));
        }
    }

    static BootstrapTaskProvider.Tasks tasks(BootstrapSession session, LwM2mModel model) {
        List<JsonNode> plan = plans.get(session.getEndpoint());
        if (plan == null)
            return null;
        BootstrapTaskProvider.Tasks tasks = new BootstrapTaskProvider.Tasks();
        tasks.requestsToSend = new ArrayList<>();
        tasks.supportedObjects = new LinkedHashMap<>(Map.of(0, "1.1", 1, "1.1", 2, "1.0"));
        plan.forEach(s -> tasks.requestsToSend.add(step(model, s)));
        tasks.last = true;
        return tasks;
    }

    // ---- life ----

    static X509Certificate[] certificates(String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).toArray(new X509Certificate[0]);
        }
    }

    static PrivateKey privateKey(String file) throws Exception {
        String pem = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]*-----|\\s", "");
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    static ObjectModel portfolio() {
        return new ObjectModel(16, "Portfolio", "", "1.0", true, false,
                               new ResourceModel(0, "Identity", ResourceModel.Operations.RW, true, true, ResourceModel.Type.STRING, "", "", ""));
    }

    public static void main(String[] a) throws Exception {
        X509Certificate[] chain = certificates(a[3]);
        Certificate[] trusted = certificates(a[5]);
        PrivateKey key = privateKey(a[4]);
        List<ObjectModel> models = new ArrayList<>(ObjectLoader.loadAllDefault());
        models.add(portfolio());

        LeshanServerBuilder management = new LeshanServerBuilder();
        management.setEndpointsProviders(new CaliforniumServerEndpointsProvider.Builder(new CoapServerProtocolProvider(), new CoapsServerProtocolProvider())
                                             .addEndpoint("coap://" + a[0] + ":" + (Integer.parseInt(a[1]) - 1)).addEndpoint("coaps://" + a[0] + ":" + a[1]).build());
        management.setCertificateChain(chain).setPrivateKey(key).setTrustedCertificates(trusted).setSecurityStore(keys);
        management.setObjectModelProvider(new VersionedModelProvider(models)).setClientAwakeTimeProvider(new StaticClientAwakeTimeProvider(Integer.parseInt(a[6])));
        server = management.build();
        server.getRegistrationService().addListener(registrations);
        server.getObservationService().addListener(notifications);
        server.getPresenceService().addListener(presence);
        server.getSendService().addListener(sends);
        server.start();

        LeshanBootstrapServerBuilder bootstrap = new LeshanBootstrapServerBuilder();
        bootstrap.setEndpointsProviders(
            new CaliforniumBootstrapServerEndpointsProvider.Builder(new CoapsBootstrapServerProtocolProvider()).addEndpoint("coaps://" + a[0] + ":" + a[2]).build());
        bootstrap.setCertificateChain(chain).setPrivateKey(key).setTrustedCertificates(trusted);
        bootstrap.setSecurityStore(new BootstrapSecurityStoreAdapter(bootstrapKeys));
        LwM2mModel model = new StaticModel(models(models));
        bootstrap.setTaskProvider((session, previous) -> tasks(session, model));
        LeshanBootstrapServer b = bootstrap.build();
        b.addListener(sessions);
        b.start();

        say("event", "ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode command = JSON.readTree(line);
            workers.submit(() -> carryOut(command));
        }
        System.exit(0);
    }

    /** The version 1.1 of each, where there are several. */
    static List<ObjectModel> models(List<ObjectModel> all) {
        Map<Integer, ObjectModel> chosen = new TreeMap<>();
        all.forEach(m -> chosen.merge(m.id, m, (x, y) -> y.version.equals("1.1") ? y : x));
        return new ArrayList<>(chosen.values());
    }
}
