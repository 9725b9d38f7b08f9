"""Usual column names and values of exports in English, German, Spanish, French, Portuguese and Italian."""

from __future__ import annotations

import re

SYNONYMS: dict[str, tuple[str, ...]] = {
    "source_agent_id": (
        "agent", "agent id", "agent no", "agent number", "agent name", "user", "user id", "username", "advisor",
        "employee number", "employee id", "id in system", "system id", "login", "assignee", "owner",
    ),
    "source_customer_id": ("customer", "customer id", "customer number", "client", "client id", "account", "caller"),
    "source_evaluator_id": ("evaluator", "evaluator id", "rater", "reviewer", "scored by"),
    "source_supervisor_id": ("supervisor", "manager", "reports to", "team leader"),
    "interaction_id": (
        "contact", "contact id", "call id", "conversation", "conversation id", "interaction", "external data reference",
        "external reference", "case",
    ),
    "evaluation_id": ("eval id", "evaluation", "evaluation number"),
    "response_id": ("response", "survey id", "distribution id", "invitation id"),
    "offer_id": ("offer", "offer number"),
    "event_id": ("event number", "change number", "incident number"),
    "label": ("what happened", "event name", "summary"),
    "until": ("last day",),
    "escalation_id": ("escalation", "complaint id", "ticket id", "complaint number"),
    "identity_source": ("system", "source", "source system"),
    "employee_number": ("employee no", "employee id", "personnel number", "staff number", "hr id"),
    "email": ("e mail", "work email", "email address", "mail"),
    "hired_on": ("hire date", "start date", "hired", "date of hire"),
    "left_on": ("termination date", "end date", "leave date", "left"),
    "leave_type": ("termination type", "reason for leaving", "leaving reason"),
    "role": ("job title", "position", "title"),
    "site": ("location", "office", "centre", "center"),
    "team_id": ("team", "team name", "department", "unit", "group"),
    "valid_from": ("from", "start", "start date", "effective date", "since"),
    "valid_to": ("to", "until", "end", "end date"),
    "day": ("date", "work date", "shift date"),
    "worked_s": ("worked seconds", "worked", "seconds worked"),
    "absent": ("absence", "is absent"),
    "course_id": ("course", "course code", "training", "module"),
    "assigned_at": ("assigned", "assigned on", "enrolled at"),
    "planned_wave": ("wave", "cohort", "rollout wave"),
    "planned_on": ("planned week", "planned date", "scheduled on", "planned"),
    "started_at": ("start time", "started", "begin", "start", "started on", "date time", "timestamp", "date"),
    "ended_at": ("end time", "ended", "end", "finished"),
    "completed_at": ("completed", "completion date", "completed on", "date completed"),
    "status": ("state", "completion status"),
    "score": ("result", "grade", "mark"),
    "channel": ("media", "media type"),
    "queue": ("skill", "queue name"),
    "reason": ("contact reason", "reason code", "topic"),
    "handle_s": ("handle time", "handle seconds", "aht", "total handle", "total handle time", "duration"),
    "transferred": ("transfer", "was transferred"),
    "hostile": ("conflict", "abusive"),
    "eligible": ("offer eligible",),
    "parent_id": ("parent", "previous contact"),
    "kind": ("type", "event", "category", "offer type", "event type"),
    "at": ("date", "time", "timestamp", "when", "event date", "occurred at", "created at"),
    "invited_at": ("sent date", "invited", "sent at", "invitation date", "sent"),
    "answered_at": ("answered", "response date", "end date", "recorded date"),
    "csat_raw": ("csat", "satisfaction", "csat score"),
    "felt_heard": ("heard",),
    "nps": ("recommend", "nps score"),
    "comment": ("comments", "free text", "verbatim"),
    "product": ("product code", "sku"),
    "made_at": ("offered at", "offer date", "made on", "made"),
    "accepted": ("result", "outcome", "sold", "won"),
    "amount": ("price", "value", "revenue"),
    "currency": ("currency code",),
    "cancelled_at": ("cancelled", "canceled at", "cancellation date"),
    "form_version": ("form", "form name", "scorecard"),
    "evaluated_at": ("released", "evaluation date", "evaluated", "scored at"),
    "empathy_score": ("empathy",),
    "critical_fail": ("critical error", "critical", "auto fail"),
    "calibration": ("calibrated",),
    "speaker": ("role", "participant", "participant role", "who"),
    "turn": ("no", "turn number", "sequence", "message number", "line"),
    "text": ("message", "utterance", "transcript", "said"),
    "language": ("language code", "locale"),
    "row_version": ("last modified", "updated at", "modified", "last updated"),
}  # fmt: skip
"""Usual names of canonical columns in the exports of systems without a module."""

TRANSLATIONS: dict[str, tuple[str, ...]] = {
    "source_agent_id": (
        "benutzer", "benutzer id", "usuario", "id de usuario", "utilisateur", "id utilisateur", "utente",
        "id utente", "usuário", "user id", "learner id", "mitarbeiterkennung",
        "agent email", "handled by", "representative", "rep", "csr", "mitarbeiter", "mitarbeiter id",
        "bearbeiter", "agente", "id agente",
        "operador", "asesor", "conseiller", "opérateur", "atendente", "operatore", "matricola",
        "mitarbeiternummer", "assignee name", "assignee id", "case owner", "owner name", "users", "agent names",
        "empleado", "id de empleado", "trabajador", "colaborador", "salarié", "employé",
        "collaborateur", "id agent", "funcionário", "dipendente", "id operatore", "teilnehmer", "teilnehmerin",
        "evaluated agent", "evaluatee", "agent evaluated", "evaluado", "evaluada", "agente evaluado", "évalué",
        "agent évalué", "avaliado", "valutato", "bewertet", "bewerteter mitarbeiter",
        "kursteilnehmer", "lernende", "lernender", "learner", "trainee", "student", "participant", "participante",
        "alumno", "apprenant", "stagiaire", "aluno", "formando", "discente", "corsista", "partecipante",
    ),
    "source_customer_id": (
        "requester id", "requester", "account id",
        "ani", "phone", "phone number", "caller id", "caller number", "kunde", "kundennummer", "kunden id",
        "cliente", "id cliente",
        "teléfono", "client id", "numéro client", "numero client", "telefone", "telefono", "rufnummer",
    ),
    "interaction_id": (
        "konversations id", "interaktions id", "conversation id", "id de conversación", "id de conversation",
        "call number", "case number", "call reference", "ticket", "ticket id", "ticket number", "case id", "chat id",
        "session id", "anruf id",
        "kontakt id", "vorgang", "vorgangsnummer", "id contacto", "id de contacto", "id llamada",
        "id de llamada", "llamada id",
        "id contact", "id appel", "numéro appel", "id contato", "id chamada", "id do contato", "id contatto",
        "id chiamata", "id de interacción", "id interacción", "id interaction", "id de l appel", "id interação",
        "id da chamada", "id interazione", "anrufnummer", "gesprächs id",
    ),
    "started_at": (
        "ticket created timestamp", "ticket created", "created", "created at", "date time opened", "opened date",
        "date opened", "call start", "call time", "call date", "start date time", "startzeit", "beginn", "anfang",
        "start zeit", "inicio",
        "fecha de inicio", "fecha inicio", "début", "debut", "date de début", "heure de début", "início",
        "data de início",
        "inizio", "data inizio", "datum", "fecha", "data",
    ),
    "ended_at": (
        "call end", "endzeit", "ende", "fin", "fecha de fin", "date de fin", "fim", "fine", "data fine"
    ),
    "channel": (
        "ticket channel", "case origin",
        "medientyp", "tipo de medio", "type de média", "tipo de mídia", "tipo di media",
        "kanal", "canal", "canale", "contact type", "call type"),
    "queue": ("warteschlange", "cola", "file d attente", "fila", "coda", "line of business", "lob"),
    "reason": ("subject", "call reason", "grund", "anliegen", "motivo", "motif", "thema"),
    "handle_s": (
        "handle",
        "talk time", "talk duration", "call duration", "avg talk duration", "average talk duration",
        "avgtalkduration",
        "handling time", "duration seconds", "call length", "bearbeitungszeit", "gesprächsdauer", "dauer",
        "duración",
        "duracion", "tiempo de gestión", "durée", "duree", "duração", "duracao", "durata",
    ),
    "transferred": ("weitergeleitet", "transferido", "transferida", "transféré", "transferita", "trasferito"),
    "csat_raw": (
        "rating", "satisfaction rating", "satisfaction score", "customer satisfaction", "csat rating",
        "bewertung",
        "zufriedenheit", "satisfacción", "satisfaccion", "valoración", "note", "satisfação", "avaliação",
        "soddisfazione",
        "valutazione",
    ),
    "nps": ("weiterempfehlung", "recomendación", "recommandation", "recomendação", "raccomandazione"),
    "comment": ("kommentar", "comentario", "comentarios", "commentaire", "comentário", "commento"),
    "escalation_id": (
        "case number", "case id", "beschwerde id", "beschwerdenummer", "reklamationsnummer", "eskalations id",
        "id de reclamación", "número de reclamación", "id de queja", "id de escalación", "id de escalado",
        "id réclamation", "id de réclamation", "numéro de réclamation", "id da reclamação", "número da reclamação",
        "id reclamo", "numero reclamo", "id escalation",
    ),
    "kind": ("art", "typ", "tipo", "type de réclamation", "nature", "kategorie", "categoría", "catégorie",
             "categoria"),
    "at": (
        "datum", "fecha", "date de création", "data", "erstellt am", "fecha de creación", "créé le", "criado em",
        "data creazione", "created", "opened", "opened at", "date opened",
        "date time opened", "opened date",
    ),
    "offer_id": ("angebot", "angebotsnummer", "id de oferta", "id offre", "id da oferta", "id offerta"),
    "made_at": ("angeboten am", "fecha de oferta", "date de l offre", "data da oferta", "data offerta"),
    "accepted": ("angenommen", "aceptada", "aceptado", "acceptée", "aceita", "accettata"),
    "amount": ("betrag", "preis", "umsatz", "importe", "precio", "montant", "prix", "valor", "importo", "prezzo"),
    "email": (
        "email work", "work e mail", "business email", "primary email", "user email", "correo", "correo electrónico",
        "courriel", "adresse de courriel", "e mail adresse", "correio eletrónico", "posta elettronica",
    ),
    "team_id": (
        "supervisory organization", "supervisory organisation", "organization", "organisation", "org unit",
        "team id", "queue team", "abteilung", "gruppe", "organisationseinheit", "equipo", "équipe", "service",
        "equipe", "squadra", "reparto", "departamento", "grupo", "gruppo",
    ),
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
    "day": ("tag", "datum", "día", "fecha", "dia", "data", "jour", "giorno"),
    "absent": ("abwesend", "abwesenheit", "ausente", "ausencia", "absent o n", "ausência", "assente", "assenza"),
    "worked_s": ("arbeitszeit", "horas trabajadas", "temps travaillé", "tempo trabalhado", "tempo lavorato"),
    "evaluation_id": (
        "bewertungs id", "evaluierungs id", "id de evaluación", "id évaluation", "id de l évaluation",
        "id da avaliação", "id valutazione",
    ),
    "source_evaluator_id": ("bewerter", "prüfer", "evaluador", "évaluateur", "avaliador", "valutatore"),
    "evaluated_at": (
        "bewertet am", "bewertungsdatum", "datum", "fecha de evaluación", "fecha", "date d évaluation", "date",
        "data da avaliação", "data", "data valutazione",
    ),
    "form_version": ("formular", "bewertungsbogen", "formulario", "formulaire", "formulário", "modulo"),
    "critical_fail": ("kritischer fehler", "error crítico", "erreur critique", "erro crítico", "errore critico"),
    "empathy_score": (
        "empathie", "empathiewert", "empathie punkte", "puntuación de empatía", "empatía", "score empathie",
        "note d empathie", "empatia", "pontuação de empatia", "punteggio empatia", "empathy rating",
    ),
    "active_listening": (
        "aktives zuhören", "escucha activa", "écoute active", "escuta ativa", "ascolto attivo", "listening",
    ),
    "personalisation": (
        "personalisierung", "personalization", "personalización", "personnalisation", "personalização",
        "personalizzazione",
    ),
    "probing_questions": (
        "nachfragen", "offene fragen", "preguntas abiertas", "questions ouvertes", "perguntas abertas",
        "domande aperte",
    ),
    "perspective_taking": (
        "perspektivwechsel", "toma de perspectiva", "prise de perspective", "tomada de perspectiva",
        "cambio di prospettiva",
    ),
    "trigger_free_language": (
        "reizwortfreie sprache", "lenguaje sin detonantes", "langage apaisant", "linguagem sem gatilhos",
        "linguaggio neutro",
    ),
    "course_id": (
        "schulungstitel", "kurstitel", "kursname", "course title", "training title", "course name",
        "titre de la formation", "intitulé de la formation", "título del curso", "título da formação",
        "titolo del corso",
        "kurs", "curso", "cours", "corso", "schulung", "formación", "formation"),
    "completed_at": (
        "abgeschlossen am", "abschlussdatum", "fecha de finalización", "date d achèvement",
        "data de conclusão",
        "data completamento", "completion",
    ),
    "status": ("transkriptstatus", "transcript status", "statut", "estado", "stato", "situação",),
    "assigned_at": (
        "registrierungsdatum", "zuweisungsdatum", "zugewiesen am", "registration date", "assigned date",
        "fecha de asignación", "date d inscription", "data de inscrição", "data di iscrizione",
    ),
    "response_id": (
        "respondent id", "respondent", "submission id", "survey id",
        "antwort id", "antwort nummer", "umfrage id", "id de encuesta", "id encuesta", "id enquête",
        "id de l enquête", "id da pesquisa", "id sondaggio", "id de respuesta", "id de réponse",
        "id da resposta", "id risposta",
    ),
    "invited_at": (
        "einladungsdatum", "eingeladen am", "versendet am", "versendet", "eingeladen", "gesendet am", "verschickt am",
        "sent", "sent at", "sent on", "sent date", "enviado",
        "enviada el", "enviado em", "envoyé le", "inviato il", "fecha de invitación", "fecha de envío",
        "date d invitation", "date d envoi", "data de envio", "data invio",
    ),
    "answered_at": (
        "aufgezeichnet am", "antwortdatum", "beantwortet am", "beantwortet", "abgeschickt am", "responded",
        "respondida", "respondido em", "répondu le", "risposto il", "submitted", "submitted at",
        "fecha de respuesta", "date de réponse", "data da resposta", "data risposta",
    ),
    "escalated": (
        "escalated", "was escalated", "is escalated", "escalation", "eskaliert", "escalado", "escalada",
        "escalata",
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
    "after_call": (
        "after call work", "after call work time", "acw", "acw time", "acw seconds", "wrap up time", "wrap time",
        "nachbearbeitung", "nachbearbeitungszeit", "trabajo posterior", "tiempo de cierre", "post appel",
        "temps de post traitement", "pós atendimento", "post chiamata",
    ),
    "time": ("time", "start time", "call time", "zeit", "uhrzeit", "hora", "heure", "ora"),
}  # fmt: skip
"""Column, or meaning of a flag, to further usual names, as words (see :func:`etl.onboarding.column_names.words_of`)."""

QUESTIONS: dict[str, re.Pattern[str]] = {
    "nps": re.compile(r"recommend|empfehlen|empfehlung|recomendar|recomienda|recommander|recommand|raccomand|consigli"),
    "csat_raw": re.compile(r"satisfied|satisfaction|zufrieden|satisfech|satisfacción|satisfait|satisfeit|soddisfatt"),
    "felt_heard": re.compile(r"felt heard|feel heard|listened|understood|verstanden|escuchad|écouté|ouvid|ascoltat"),
}
"""Answer column to the topics of questions used as column names."""

ANSWERS: tuple[tuple[str, ...], ...] = (
    ("very satisfied", "satisfied", "neither satisfied nor dissatisfied", "dissatisfied", "very dissatisfied"),
    ("very satisfied", "somewhat satisfied", "neither satisfied nor dissatisfied", "somewhat dissatisfied",
     "very dissatisfied"),
    ("extremely satisfied", "somewhat satisfied", "neither satisfied nor dissatisfied", "somewhat dissatisfied",
     "extremely dissatisfied"),
    ("very satisfied", "satisfied", "neutral", "dissatisfied", "very dissatisfied"),
    ("very satisfied", "satisfied", "neutral", "unsatisfied", "very unsatisfied"),
    ("excellent", "good", "fair", "poor", "very poor"),
    ("excellent", "very good", "good", "fair", "poor"),
    ("strongly agree", "agree", "neither agree nor disagree", "disagree", "strongly disagree"),
    ("strongly agree", "agree", "neutral", "disagree", "strongly disagree"),
    ("sehr zufrieden", "zufrieden", "teils/teils", "unzufrieden", "sehr unzufrieden"),
    ("sehr zufrieden", "eher zufrieden", "teils/teils", "eher unzufrieden", "sehr unzufrieden"),
    ("sehr zufrieden", "zufrieden", "neutral", "unzufrieden", "sehr unzufrieden"),
    ("muy satisfecho", "satisfecho", "neutral", "insatisfecho", "muy insatisfecho"),
    ("très satisfait", "satisfait", "neutre", "insatisfait", "très insatisfait"),
    ("muito satisfeito", "satisfeito", "neutro", "insatisfeito", "muito insatisfeito"),
    ("molto soddisfatto", "soddisfatto", "neutrale", "insoddisfatto", "molto insoddisfatto"),
)
"""Scales of answers in words, the best first: five points."""

NAMED: dict[str, tuple[str, ...]] = {
    "interaction": (
        "calls", "call", "contacts", "interactions", "tickets", "chats", "anrufe", "kontakte", "interaktionen",
        "gespräche", "llamadas", "contactos", "interacciones", "appels", "chamadas", "contatos", "interações",
        "chiamate", "contatti", "interazioni",
    ),
    "survey_response": (
        "survey", "surveys", "csat", "feedback", "nps", "umfrage", "umfragen", "befragung", "kundenbefragung",
        "encuesta", "encuestas", "enquête", "enquêtes", "enquete", "sondage", "pesquisa", "pesquisas", "sondaggio",
        "sondaggi",
    ),
    "escalation": (
        "escalation", "escalations", "complaint", "complaints", "eskalation", "eskalationen", "beschwerde",
        "beschwerden", "reklamationen", "escalado", "escalaciones", "reclamación", "reclamaciones", "reclamacion",
        "quejas", "réclamation", "réclamations", "reclamations", "plaintes", "reclamações", "reclamacoes",
        "reclami",
    ),
    "training": (
        "training", "trainings", "completion", "completions", "courses", "transcript", "schulung", "schulungen",
        "kurse", "formación", "formacion", "cursos", "formation", "formations", "formação", "treinamento",
        "formazione", "corsi",
    ),
    "agent": (
        "agents", "staff", "employees", "headcount", "workers", "mitarbeiter", "personal", "belegschaft",
        "plantilla", "empleados", "agentes", "effectif", "effectifs", "employés", "salariés", "funcionários",
        "dipendenti", "organico",
    ),
    "offer": (
        "offers", "upsell", "upsells", "sales", "angebote", "verkäufe", "ofertas", "ventas", "offres", "ventes",
        "vendas", "offerte", "vendite",
    ),
    "qa_evaluation": (
        "qa", "quality", "evaluations", "scorecards", "qualität", "qualitätsbewertung", "evaluaciones", "calidad",
        "évaluations", "qualité", "avaliações", "qualidade", "valutazioni", "qualità",
    ),
    "agent_day": (
        "attendance", "absences", "shifts", "schedule", "abwesenheiten", "schichten", "asistencia", "ausencias",
        "turnos", "absences", "présences", "presenze", "assenze",
    ),
}  # fmt: skip
"""Table to usual words in the names of its files and sheets."""

CALLS = frozenset(
    (
        "call", "calls", "phone", "anruf", "anrufe", "gespräch", "llamada", "llamadas", "appel", "appels", "chamada",
        "chamadas", "chiamata", "chiamate",
    )
)  # fmt: skip
"""Words in the name of an id that say what is told apart by it: telephone calls."""

WORDS: dict[str, str] = {
    **dict.fromkeys(
        (
            "abgeschlossen", "beendet", "bestanden", "terminé", "achevé", "validé", "completado", "finalizado",
            "superado", "concluído", "completo", "completato", "finito", "passed", "complete", "finished",
        ),
        "completed",
    ),
    **dict.fromkeys(
        (
            "in bearbeitung", "begonnen", "en cours", "commencé", "en curso", "en progreso", "em andamento", "in corso",
            "started", "in progress",
        ),
        "in_progress",
    ),
    **dict.fromkeys(
        (
            "registriert", "zugewiesen", "eingeschrieben", "nicht begonnen", "inscrit", "non commencé", "asignado",
            "inscrito", "no iniciado", "não iniciado", "iscritto", "non iniziato", "registered", "enrolled",
            "not started",
        ),
        "assigned",
    ),
    **dict.fromkeys(("nicht bestanden", "échoué", "suspenso", "reprovado", "non superato", "not passed"), "failed"),
    **dict.fromkeys(("zurückgezogen", "abgemeldet", "retiré", "retirado", "ritirato", "cancelled"), "withdrawn"),
    **dict.fromkeys(
        (
            "sprache", "telefon", "anruf", "appel", "téléphone", "llamada", "teléfono", "voz", "chamada", "telefone",
            "voce", "chiamata", "telefono", "phone", "call", "telephone", "inbound call",
        ),
        "voice",
    ),
    **dict.fromkeys(
        (
            "beschwerde", "reklamation", "reclamación", "reclamacion", "queja", "réclamation", "plainte", "reclamação",
            "reclamo", "complaints",
        ),
        "complaint",
    ),
    **dict.fromkeys(("e-mail", "mail", "correo", "courriel", "correio"), "email"),
}  # fmt: skip
"""Values of columns with a fixed set of words, in small letters, to the canonical one where a column allows it."""
