"""How the columns of exports are usually called, in English, German, Spanish, French, Portuguese and Italian."""

from __future__ import annotations

TRANSLATIONS: dict[str, tuple[str, ...]] = {
    "source_agent_id": (
        "agent email", "handled by", "representative", "rep", "csr", "mitarbeiter", "mitarbeiter id",
        "bearbeiter", "agente", "id agente",
        "operador", "asesor", "conseiller", "opérateur", "atendente", "operatore", "matricola", "mitarbeiternummer",
    ),
    "source_customer_id": (
        "ani", "phone", "phone number", "caller id", "caller number", "kunde", "kundennummer", "kunden id",
        "cliente", "id cliente",
        "teléfono", "client id", "numéro client", "numero client", "telefone", "telefono", "rufnummer",
    ),
    "interaction_id": (
        "call number", "call reference", "ticket", "ticket id", "ticket number", "case id", "chat id",
        "session id", "anruf id",
        "kontakt id", "vorgang", "vorgangsnummer", "id contacto", "id de contacto", "id llamada",
        "id de llamada", "llamada id",
        "id contact", "id appel", "numéro appel", "id contato", "id chamada", "id do contato", "id contatto",
        "id chiamata",
    ),
    "started_at": (
        "call start", "call time", "call date", "start date time", "startzeit", "beginn", "anfang",
        "start zeit", "inicio",
        "fecha de inicio", "fecha inicio", "début", "debut", "date de début", "heure de début", "início",
        "data de início",
        "inizio", "data inizio", "datum", "fecha", "data",
    ),
    "ended_at": ("call end", "endzeit", "ende", "fin", "fecha de fin", "date de fin", "fim", "fine", "data fine"),
    "channel": ("kanal", "canal", "canale", "contact type", "call type"),
    "queue": ("warteschlange", "cola", "file d attente", "fila", "coda", "line of business", "lob"),
    "reason": ("subject", "call reason", "grund", "anliegen", "motivo", "motif", "thema"),
    "handle_s": (
        "talk time", "talk duration", "call duration", "avg talk duration", "average talk duration",
        "avgtalkduration",
        "handling time", "duration seconds", "call length", "bearbeitungszeit", "gesprächsdauer", "dauer", "duración",
        "duracion", "tiempo de gestión", "durée", "duree", "duração", "duracao", "durata",
    ),
    "transferred": ("weitergeleitet", "transferido", "transferida", "transféré", "transferita", "trasferito"),
    "csat_raw": (
        "rating", "satisfaction rating", "satisfaction score", "customer satisfaction", "csat rating", "bewertung",
        "zufriedenheit", "satisfacción", "satisfaccion", "valoración", "note", "satisfação", "avaliação",
        "soddisfazione",
        "valutazione",
    ),
    "nps": ("weiterempfehlung", "recomendación", "recommandation"),
    "team_id": ("abteilung", "gruppe", "equipo", "équipe", "equipe", "squadra", "reparto", "departamento"),
    "site": ("standort", "sede", "site", "lugar", "centro", "local"),
    "employee_number": (
        "personalnummer", "número de empleado", "numero de empleado", "matricule", "número de funcionário",
        "employee",
    ),
    "hired_on": (
        "eintrittsdatum", "eintritt", "fecha de alta", "date d embauche", "data de admissão",
        "data assunzione",
    ),
    "left_on": (
        "termination", "leaving date", "austrittsdatum", "austritt", "fecha de baja", "date de départ",
        "data de saída",
        "data cessazione",
    ),
    "day": ("tag", "día", "dia", "jour", "giorno"),
    "absent": ("abwesend", "ausente", "assente"),
    "course_id": ("kurs", "curso", "cours", "corso", "schulung", "formación", "formation"),
    "completed_at": (
        "abgeschlossen am", "abschlussdatum", "fecha de finalización", "date d achèvement", "data de conclusão",
        "data completamento", "completion",
    ),
    "escalated": (
        "escalated", "was escalated", "is escalated", "escalation", "eskaliert", "escalado", "escalada", "escalata",
    ),
    "sold": (
        "sold", "sale", "upsell", "upsold", "sale made", "verkauft", "vendido", "vendu", "venduto",
        "accepted offer",
    ),
    "answered": (
        "answered", "answered y n", "call answered", "connected", "angenommen", "beantwortet", "contestada",
        "atendida",
        "respondida", "répondu", "repondu", "risposta",
    ),
    "time": ("time", "start time", "call time", "zeit", "uhrzeit", "hora", "heure", "ora"),
}  # fmt: skip
"""Column, or what a flag says, to further usual names, in words (see :func:`etl.onboarding.guess.words_of`)."""
